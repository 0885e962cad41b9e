package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"notary/internal/store"
)

type site struct {
	program  string
	folders  []string // of the nodes
	database string   // URL, or path of the SQLite file
	rows     int      // requests in the database, excluding those created by operations
	nodes    []*node  // empty unless running
}

func newSite(dir, name, database string, nodes int) (*site, error) {
	s := &site{program: filepath.Join(dir, programName), database: database}
	for i := range nodes {
		folder := filepath.Join(dir, fmt.Sprintf("%s-%d", name, i+1))
		if err := os.Mkdir(folder, 0o700); err != nil {
			return nil, err
		}
		s.folders = append(s.folders, folder)
	}
	if database == "" {
		s.database = s.file()
	}
	return s, nil
}

func (s *site) file() string { return filepath.Join(s.folders[0], "notary.db") }

// start starts all nodes. It copies the key file of the first node to the others, because it seals their shared data.
func (s *site) start(ctx context.Context) error {
	database := s.database
	if database == s.file() {
		database = "" // the server's default
	}
	for i, folder := range s.folders {
		if i > 0 {
			if err := copyFile(s.folders[0], folder, "seal.key"); err != nil {
				return err
			}
		}
		n, err := startNode(ctx, s.program, folder, database)
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
	}
	return nil
}

func (s *site) stop() (err error) {
	if s == nil {
		return nil
	}
	for _, n := range s.nodes {
		err = errors.Join(err, n.stop())
	}
	s.nodes = nil
	return err
}

func (s *site) restart(ctx context.Context) error {
	if err := s.stop(); err != nil {
		return err
	}
	return s.start(ctx)
}

// withStore calls fn with the database opened in this process. No node may be running.
func (s *site) withStore(ctx context.Context, fn func(*store.Store) error) error {
	st, err := store.Open(ctx, s.database, time.Now)
	if err != nil {
		return err
	}
	return errors.Join(fn(st), st.Close())
}

// copyTo copies the site. No node may be running.
func (s *site) copyTo(ctx context.Context, dir, name, database string) (*site, error) {
	other, err := newSite(dir, name, database, len(s.folders))
	if err != nil {
		return nil, err
	}
	other.rows = s.rows
	names := []string{"seal.key"}
	if database == "" {
		names = append(names, "notary.db")
	}
	for _, name := range names {
		if err := copyFile(s.folders[0], other.folders[0], name); err != nil {
			return nil, err
		}
	}
	return other, nil
}

func copyFile(from, to, name string) (err error) {
	in, err := os.Open(filepath.Join(from, name))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Join(to, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
