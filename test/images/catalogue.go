// SPDX-License-Identifier: Apache-2.0

package images

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Catalogue lists the short names that Build knows: services:1, package-index:1,
// superset-operator:e2e, one superset:VERSION for each pinned release, and one
// superset:VERSION-VARIANT for each broken one.
func Catalogue() ([]string, error) {
	p, err := readPins()
	if err != nil {
		return nil, err
	}
	names := []string{"services:1", "package-index:1", "superset-operator:e2e"}
	for _, version := range slices.Sorted(maps.Keys(p.Superset)) {
		names = append(names, "superset:"+version)
	}
	tags, err := variantTags()
	for _, tag := range tags {
		names = append(names, "superset:"+tag)
	}
	return names, err
}

// Build returns the image with a short name of Catalogue; its full name is
// prefixed with cluster.local.test/. Layers that are not in the store are built,
// which needs root, Debian's archive and a Python package index.
func (s Store) Build(ctx context.Context, name string) (Image, error) {
	repository, tag, _ := strings.Cut(name, ":")
	p, err := readPins()
	if err != nil {
		return Image{}, err
	}
	full := p.Registry + "/" + name
	switch {
	case name == "services:1":
		return s.servicesImage(ctx, p, full)
	case name == "package-index:1":
		return s.indexImage(ctx, p, full)
	case name == "superset-operator:e2e":
		return s.operatorImage(ctx, full)
	case repository == "superset" && tag != "":
		return s.supersetImage(ctx, p, full, tag)
	}
	known, err := Catalogue()
	if err != nil {
		return Image{}, err
	}
	return Image{}, fmt.Errorf("no image %q: want one of %s", name, strings.Join(known, ", "))
}

// servicesImage has PostgreSQL, PgBouncer, MariaDB and Redis; it runs as any user that the
// pod sets.
func (s Store) servicesImage(ctx context.Context, p pins, name string) (Image, error) {
	debian, err := s.debian(ctx, p)
	if err != nil {
		return Image{}, err
	}
	path := strings.Join(append(slices.Clone(p.Debian.Paths), systemPath), ":")
	return Image{Name: name, Layers: []Layer{debian}, Defaults: Defaults{
		Env: []string{"PATH=" + path}, Cmd: []string{"/bin/bash"},
	}}, nil
}

// supersetImage has the paths, the user and the variables of the official image,
// and the database drivers that the official one lacks since 4.1. As there, pip is
// outside of the virtual environment. Its tag is a
// release, or a release and a variant of it.
func (s Store) supersetImage(ctx context.Context, p pins, name, tag string) (Image, error) {
	version, broken, isVariant := strings.Cut(tag, "-")
	debian, err := s.debian(ctx, p)
	if err != nil {
		return Image{}, err
	}
	superset, err := s.superset(ctx, p, version)
	if err != nil {
		return Image{}, err
	}
	layers := []Layer{debian, superset}
	if isVariant {
		top, err := s.variantLayer(ctx, version, broken)
		if err != nil {
			return Image{}, err
		}
		layers = append(layers, top)
	}
	return Image{Name: name, Layers: layers, Defaults: Defaults{
		Env: []string{
			"PATH=/app/.venv/bin:" + systemPath, "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
			"FLASK_APP=superset.app:create_app()", "PYTHONPATH=/app/pythonpath",
			"SUPERSET_HOME=/app/superset_home", "SUPERSET_PORT=8088", "SUPERSET_ENV=production",
		},
		User: "1000", Cmd: []string{"/usr/bin/run-server.sh"}, WorkingDir: "/app",
	}}, nil
}
