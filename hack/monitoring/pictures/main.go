// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// settings are what the flags say.
type settings struct {
	address, namespace, name string
	dashboards, folder       string
	// from and to are seconds since 1970; 0 for the defaults.
	from, to int64
}

func main() {
	s, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(context.Background(), s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("pictures [FLAGS] FOLDER", flag.ContinueOnError)
	flags.StringVar(&s.address, "prometheus", "http://127.0.0.1:9090", "address of Prometheus")
	flags.StringVar(&s.dashboards, "dashboards", "../../config/monitoring/dashboards", "folder of the dashboards")
	flags.StringVar(&s.namespace, "namespace", ".*", "namespace of the Superset in the dashboard of one Superset")
	flags.StringVar(&s.name, "name", ".*", "its name")
	flags.Int64Var(&s.from, "from", 0, "begin of the pictures: seconds since 1970 (default: 15 minutes before -to)")
	flags.Int64Var(&s.to, "to", 0, "end of the pictures: seconds since 1970 (default: the time of Prometheus)")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() != 1 {
		return s, fmt.Errorf("got %d folders, want the one to write to", flags.NArg())
	}
	s.folder = flags.Arg(0)
	if s.to > 0 && s.from >= s.to {
		return s, errors.New("-from is not before -to")
	}
	return s, nil
}

// times completes the begin and the end.
func (s *settings) times(ctx context.Context) error {
	if s.to == 0 {
		now, err := (&asker{settings: *s, fill: strings.NewReplacer()}).ask(ctx, "vector(time())", "", false)
		if err != nil {
			return err
		}
		s.to = int64(now[0].last())
	}
	if s.from == 0 {
		s.from = s.to - 15*60
	}
	return nil
}

// run writes a picture of each dashboard.
func run(ctx context.Context, s settings) error {
	files, err := filepath.Glob(filepath.Join(s.dashboards, "*.json"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("finding dashboards in %s: there are none (%w)", s.dashboards, err)
	}
	if err := os.MkdirAll(s.folder, 0o750); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	if err := s.times(ctx); err != nil {
		return err
	}
	for _, file := range files {
		b, err := readBoard(file)
		if err != nil {
			return err
		}
		picture, err := plot(ctx, b, newAsker(s, b))
		if err != nil {
			return fmt.Errorf("plotting %s: %w", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json") + ".svg"
		if err := os.WriteFile(filepath.Join(s.folder, name), picture, 0o600); err != nil {
			return fmt.Errorf("writing a picture: %w", err)
		}
	}
	return nil
}
