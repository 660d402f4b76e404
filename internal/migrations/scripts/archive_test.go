// SPDX-License-Identifier: Apache-2.0

package scripts

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/superset-operator/superset-operator/internal/components"
)

func TestHash(t *testing.T) {
	if got := components.HashFiles(files()); got != Hash {
		t.Errorf("the same files hash to %s, then to %s", Hash, got)
	}
}

// The archive has every file of the package, whole, and takes less than half of them.
func TestArchive(t *testing.T) {
	r, err := zip.NewReader(strings.NewReader(Files[Program]), int64(len(Files[Program])))
	if err != nil {
		t.Fatal(err)
	}
	count, size := 0, 0
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".py" && ext != ".json" || filepath.Dir(path) == "tests" {
			return err
		}
		want, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		got, err := fs.ReadFile(r, filepath.ToSlash(path))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s differs in the archive: %v", path, err)
		}
		count, size = count+1, size+len(want)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 50 || count != len(r.File) || len(Files[Program]) > size/2 {
		t.Errorf("%d files of %d bytes; %d files in %d bytes of the archive", count, size, len(r.File), len(Files[Program]))
	}
	t.Logf("%d files, %d bytes, %d bytes packed", count, size, len(Files[Program]))
}
