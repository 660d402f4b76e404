// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/superset-operator/superset-operator/internal/controller"
	"github.com/superset-operator/superset-operator/test/cluster"
	"github.com/superset-operator/superset-operator/test/cluster/world"
	"github.com/superset-operator/superset-operator/test/operator"
)

// lab is the environment in which all points run.
type lab struct {
	cluster *cluster.Cluster
	world   *world.World
	admin   client.WithWatch
	// operator is the operator's client configuration, with the shipped role.
	operator *rest.Config
	// failures is the folder for the files of diverging points.
	failures string
	dir      string
	cancel   context.CancelFunc
}

// open starts everything that points need.
func open(ctx context.Context, progress io.Writer, failures string) (*lab, error) {
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	ctx, cancel := context.WithCancel(ctx)
	l := &lab{failures: failures, cancel: cancel}
	if err := l.start(ctx, progress); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *lab) start(ctx context.Context, progress io.Writer) (err error) {
	if l.dir, err = os.MkdirTemp("", "campaign-"); err != nil {
		return fmt.Errorf("creating a folder: %w", err)
	}
	l.cluster, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(l.dir, "cluster"), Progress: progress, Kwok: true})
	if err != nil {
		return err
	}
	if err := operator.Install(ctx, l.cluster); err != nil {
		return err
	}
	if l.operator, err = operator.REST(l.cluster); err != nil {
		return err
	}
	l.admin, err = client.NewWithWatch(l.cluster.REST(), client.Options{Scheme: controller.Options(nil).Scheme})
	if err != nil {
		return fmt.Errorf("creating a client: %w", err)
	}
	l.world = world.New(l.cluster.REST(), world.Options{})
	go func() {
		if err := l.world.Run(ctx); err != nil {
			_, _ = fmt.Fprintln(progress, "campaign: the world ended:", err)
		}
	}()
	return nil
}

// close stops everything.
func (l *lab) close() error {
	l.cancel()
	var err error
	if l.cluster != nil {
		err = l.cluster.Stop()
	}
	return errors.Join(err, os.RemoveAll(l.dir))
}
