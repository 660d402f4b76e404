// SPDX-License-Identifier: Apache-2.0

package images

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// writeTree writes a directory as the tar of a layer: names sorted, numeric
// owners, hard links kept. Times are truncated to whole seconds and not rounded:
// Python compares them with the truncated times in its compiled files.
func writeTree(w io.Writer, root string) error {
	t := tree{root: root, tar: tar.NewWriter(w), first: map[uint64]string{}}
	if err := filepath.WalkDir(root, t.entry); err != nil {
		return fmt.Errorf("packing %s: %w", root, err)
	}
	if err := t.tar.Close(); err != nil {
		return fmt.Errorf("packing %s: %w", root, err)
	}
	return nil
}

type tree struct {
	root  string
	tar   *tar.Writer
	first map[uint64]string // the first name of each hard-linked inode
}

func (t tree) entry(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	name, err := filepath.Rel(t.root, path)
	if err != nil || name == "." {
		return err
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	header, err := t.header(path, name, info)
	if err != nil {
		return err
	}
	if err := t.tar.WriteHeader(header); err != nil {
		return err
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	return t.content(path)
}

func (t tree) header(path, name string, info fs.FileInfo) (*tar.Header, error) {
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		var err error
		if target, err = os.Readlink(path); err != nil {
			return nil, err
		}
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return nil, err
	}
	header.Name, header.Uname, header.Gname = name, "", ""
	header.ModTime = info.ModTime().Truncate(time.Second)
	if info.IsDir() {
		header.Name += "/"
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Nlink < 2 || !info.Mode().IsRegular() {
		return header, nil
	}
	if first, seen := t.first[stat.Ino]; seen {
		header.Typeflag, header.Linkname, header.Size = tar.TypeLink, first, 0
	} else {
		t.first[stat.Ino] = name
	}
	return header, nil
}

func (t tree) content(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(t.tar, f)
	return err
}
