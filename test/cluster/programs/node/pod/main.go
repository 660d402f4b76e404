// SPDX-License-Identifier: Apache-2.0

// Pod is what tests run in a pod to see the cluster from the inside:
//
//	pod serve ADDRESS   answers HTTP with the pod's name until SIGTERM
//	pod get URL         prints the body; retries for 20 s
//	pod lookup NAME     prints the addresses of NAME; retries for 20 s
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// patience limits the retries of get and lookup: kube-proxy may take a second to
// route a Service whose endpoint is new.
const patience = 20 * time.Second

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: pod serve ADDRESS | get URL | lookup NAME")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	switch args[0] {
	case "serve":
		return serve(ctx, args[1])
	case "get":
		return retry(ctx, func() (string, error) { return get(ctx, args[1]) })
	case "lookup":
		return retry(ctx, func() (string, error) {
			addresses, err := net.DefaultResolver.LookupHost(ctx, args[1])
			return strings.Join(addresses, " "), err
		})
	}
	return fmt.Errorf("unknown verb %q: want serve, get or lookup", args[0])
}

func serve(ctx context.Context, address string) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the host name: %w", err)
	}
	server := &http.Server{Addr: address, ReadHeaderTimeout: 5 * time.Second}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, host)
	})
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", address, err)
	}
	return nil
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("%s: %s", url, response.Status)
	}
	return strings.TrimSpace(string(body)), err
}

// retry prints the first answer of try, or returns its last error.
func retry(ctx context.Context, try func() (string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		answer, err := try()
		if err == nil {
			fmt.Println(answer)
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}
