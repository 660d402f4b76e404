// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/superset-operator/superset-operator/internal/components"
)

//go:embed *.py *.sh
var embedded embed.FS

// Files are the embedded files by name.
var Files = read()

// Hash identifies the content of Files.
var Hash = hash()

func read() map[string]string {
	out := map[string]string{}
	entries, err := embedded.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("listing the embedded files: %v", err))
	}
	for _, entry := range entries {
		text, err := embedded.ReadFile(entry.Name())
		if err != nil {
			panic(fmt.Sprintf("reading an embedded file: %v", err))
		}
		out[entry.Name()] = string(text)
	}
	return out
}

func hash() string {
	var all strings.Builder
	names := make([]string, 0, len(Files))
	for name := range Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		all.WriteString(name + "\x00" + Files[name] + "\x00")
	}
	return components.Hash(all.String())
}
