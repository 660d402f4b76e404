// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	"github.com/superset-operator/superset-operator/test/images"
)

const (
	pauseImage   = "cluster.local.test/pause:1"
	coreDNSImage = "cluster.local.test/coredns:1"

	// TestImage has one static program, /pod, with the verbs serve, get and lookup,
	// for the pods of the cluster's own tests.
	TestImage = "cluster.local.test/pod:1"
)

// ownImages are the images that every node has, created from programs of the
// build.
func ownImages(ctx context.Context, store images.Store, built programs) ([]images.Image, error) {
	const nobody = "65534"
	list := []images.Image{}
	for _, i := range []struct{ name, program, user string }{
		{pauseImage, "pause", nobody},
		{coreDNSImage, "coredns", ""}, // root, for port 53
		{TestImage, "pod", nobody},
	} {
		image, err := store.Program(ctx, i.name, built.node(i.program), i.user)
		if err != nil {
			return nil, err
		}
		list = append(list, image)
	}
	return list, nil
}
