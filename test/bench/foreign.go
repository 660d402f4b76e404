// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Number and size in bytes of the ConfigMaps of others.
const (
	foreignMaps = 300
	foreignSize = 200_000
)

// foreign is what objects of others cost: the same upgrade in a namespace without and in
// one with them.
type foreign struct {
	n             int
	without, with struct{ restart, upgrade cost }
}

// runForeign upgrades half of the Supersets before the ConfigMaps exist, and half after.
func (b *bench) runForeign(ctx context.Context) (f *foreign, err error) {
	l, err := b.open(ctx, 2*b.few)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if err := l.startOperator(ctx, b); err != nil {
		return nil, err
	}
	f = &foreign{n: b.few}
	var groups [2][]client.ObjectKey
	for i := range groups {
		if groups[i], err = l.prepare(ctx, b.few, true); err != nil {
			return nil, err
		}
		if _, err := l.everywhere(groups[i], groups[i][0].Namespace, before, l.create)(ctx); err != nil {
			return nil, err
		}
	}
	if err := l.withAndWithout(ctx, f, groups); err != nil {
		return nil, err
	}
	return f, nil
}

func (l *lab) withAndWithout(ctx context.Context, f *foreign, groups [2][]client.ObjectKey) (err error) {
	for i, into := range []*struct{ restart, upgrade cost }{&f.without, &f.with} {
		ns := groups[i][0].Namespace
		if i == 1 {
			if err := l.createForeign(ctx, ns); err != nil {
				return err
			}
		}
		if into.restart, err = l.restart(ctx, 2*f.n); err != nil {
			return err
		}
		if into.upgrade, err = l.measure(ctx, "upgrade", l.everywhere(groups[i], ns, after, l.upgrade)); err != nil {
			return err
		}
	}
	return nil
}

// createForeign creates the ConfigMaps of others.
func (l *lab) createForeign(ctx context.Context, ns string) error {
	for i := range foreignMaps {
		m := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("foreign-%d", i), Namespace: ns},
			Data:       map[string]string{"data": strings.Repeat("x", foreignSize)},
		}
		if err := l.admin.Create(ctx, m); err != nil {
			return fmt.Errorf("creating a ConfigMap of others: %w", err)
		}
	}
	l.say("%d ConfigMaps of %d bytes created", foreignMaps, foreignSize)
	return nil
}
