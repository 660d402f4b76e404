// SPDX-License-Identifier: Apache-2.0

// Images builds images of the end-to-end test into the store and, with -o,
// writes them as one OCI archive:
//
//	go run ./test/images/cmd/images services:1 superset:5.0.0
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/superset-operator/superset-operator/test/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	archive := flag.String("o", "", "write the images to this `FILE`, as one OCI archive")
	flag.Usage = usage
	flag.Parse()
	if err := run(ctx, *archive, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func usage() {
	names, _ := images.Catalogue()
	_, _ = fmt.Fprintf(flag.CommandLine.Output(), "usage: images [-o FILE] [NAME...]\nNAME (all by default): %s\n", strings.Join(names, ", "))
	flag.PrintDefaults()
}

func run(ctx context.Context, archive string, names []string) error {
	store, err := images.OpenStore(os.Stderr)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if names, err = images.Catalogue(); err != nil {
			return err
		}
	}
	built := make([]images.Image, 0, len(names))
	for _, name := range names {
		image, err := store.Build(ctx, name)
		if err != nil {
			return err
		}
		digest, err := image.Digest()
		if err != nil {
			return err
		}
		fmt.Println(image.Name, digest)
		built = append(built, image)
	}
	if archive == "" {
		return nil
	}
	f, err := os.Create(archive)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := images.WriteArchive(f, built...); err != nil {
		return err
	}
	return f.Close()
}
