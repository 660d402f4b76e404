// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// settings are the values of the flags.
type settings struct {
	programs map[string]string // path of the program, by platform
	licence  string
	labels   map[string]string
	created  time.Time
	layout   string
	archive  string
	tag      string
	push     string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, s)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (settings, error) {
	s := settings{programs: map[string]string{}, labels: map[string]string{}}
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	f.Func("program", "a `PLATFORM=FILE`, such as linux/amd64=bin/manager; once for each platform", pair(s.programs))
	f.StringVar(&s.licence, "licence", "LICENSE", "the licence `FILE`")
	f.Func("label", "a `NAME=VALUE` of the image, as label and as annotation", pair(s.labels))
	created := f.Int64("created", 0, "time of the image, in `SECONDS` since 1970")
	f.StringVar(&s.layout, "layout", "", "write the image to this `FOLDER`, as an OCI image layout; an earlier one is replaced")
	f.StringVar(&s.archive, "archive", "", "also write the layout as this tar `FILE`; needs -layout")
	f.StringVar(&s.tag, "tag", "development", "name of the image in the layout")
	f.StringVar(&s.push, "push", "", "push the image to this `REGISTRY/NAME:TAG`, with the credentials of docker login")
	if err := f.Parse(arguments); err != nil {
		return s, err
	}
	s.created = time.Unix(*created, 0).UTC()
	s.labels["org.opencontainers.image.created"] = s.created.Format(time.RFC3339)
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case len(s.programs) == 0:
		return s, errors.New("no -program is given")
	case s.layout == "" && s.push == "":
		return s, errors.New("neither -layout nor -push is given")
	case s.layout == "" && s.archive != "":
		return s, errors.New("-archive is given without -layout")
	}
	return s, nil
}

// pair stores NAME=VALUE in a map.
func pair(into map[string]string) func(string) error {
	return func(text string) error {
		key, value, found := strings.Cut(text, "=")
		if !found || key == "" {
			return fmt.Errorf("%q is not NAME=VALUE", text)
		}
		into[key] = value
		return nil
	}
}

func run(ctx context.Context, s settings) error {
	index, err := s.index()
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("reading the digest: %w", err)
	}
	if s.layout != "" {
		if err := write(s.layout, s.tag, index); err != nil {
			return fmt.Errorf("writing %s: %w", s.layout, err)
		}
		fmt.Printf("%s %s\n", digest, s.layout)
	}
	if s.archive != "" {
		if err := archive(s.archive, s.layout); err != nil {
			return fmt.Errorf("writing %s: %w", s.archive, err)
		}
	}
	if s.push != "" {
		if err := push(ctx, s.push, index); err != nil {
			return fmt.Errorf("pushing %s: %w", s.push, err)
		}
		fmt.Printf("%s %s\n", digest, s.push)
	}
	return nil
}

// write replaces the layout, so that it has no blobs of earlier images.
func write(folder, tag string, index v1.ImageIndex) error {
	if err := replaceable(folder); err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	path, err := layout.Write(folder, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag}))
}

// replaceable protects a folder that is no image layout.
func replaceable(folder string) error {
	entries, err := os.ReadDir(folder)
	if os.IsNotExist(err) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := layout.FromPath(folder); err != nil {
		return fmt.Errorf("the folder contains other files; choose a new or an empty folder: %w", err)
	}
	return nil
}

func push(ctx context.Context, reference string, index v1.ImageIndex) error {
	r, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	return remote.WriteIndex(r, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}
