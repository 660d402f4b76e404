// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/elf"
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// machines are the platforms that an image can be built for.
var machines = map[string]elf.Machine{"linux/amd64": elf.EM_X86_64, "linux/arm64": elf.EM_AARCH64}

// check refuses a program that the image cannot run: one of another platform, or one that
// needs a dynamic linker, which an image from scratch does not have.
func check(path string, p v1.Platform) error {
	machine, known := machines[p.String()]
	if !known {
		return fmt.Errorf("no image for the platform %q: want linux/amd64 or linux/arm64", p.String())
	}
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("reading the program: %w", err)
	}
	defer func() { _ = f.Close() }()
	if f.Machine != machine {
		return fmt.Errorf("%s is a program for %s, not for %s", path, f.Machine, p.String())
	}
	for _, segment := range f.Progs {
		if segment.Type == elf.PT_INTERP {
			return fmt.Errorf("%s needs a dynamic linker: build it with CGO_ENABLED=0", path)
		}
	}
	return nil
}
