// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"embed"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/superset-operator/superset-operator/internal/components"
	"github.com/superset-operator/superset-operator/internal/superset"
)

//go:embed *.py *.sh superset_job/*.py superset_job/*/*.py superset_job/revisions/known.json
var embedded embed.FS

// Program is the name of the archive with the Python. The argument after it is the module of
// superset_job.jobs to run.
const Program = "superset_job.pyz"

// sources are the files of the package by path.
var sources = read(".py", ".json")

// Files are the archive, the shell scripts and the module that makes URLs of parts, by name: what a
// Job mounts.
var Files = files()

// Hash identifies the content of Files.
var Hash = components.HashFiles(Files)

func files() map[string]string {
	out := read(".sh")
	out[Program] = archive(sources)
	out[superset.ConnectionsFile] = superset.Connections
	return out
}

// read returns the embedded files whose names have one of the suffixes, by path.
func read(suffixes ...string) map[string]string {
	out := map[string]string{}
	err := fs.WalkDir(embedded, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !slices.Contains(suffixes, filepath.Ext(path)) {
			return err
		}
		text, err := embedded.ReadFile(path)
		out[path] = string(text)
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("reading the embedded files: %v", err))
	}
	return out
}
