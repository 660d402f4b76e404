// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"embed"
	"fmt"

	"github.com/superset-operator/superset-operator/internal/components"
)

//go:embed *.py *.sh
var embedded embed.FS

// Files are the embedded files by name.
var Files = read()

// Hash identifies the content of Files.
var Hash = components.HashFiles(Files)

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
