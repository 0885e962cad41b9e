// Package files reads and writes whole files for the server and the command line, with size limits, durability and
// permission checks.
package files

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"notary"
)

// MaxInput is the maximum size of a file for [Read], in bytes. The API has the same limit for most request bodies.
const MaxInput = 1 << 20

// Read reads a whole file of up to [MaxInput] bytes.
func Read(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadLimited(file, name)
}

// ReadLimited reads all of r. If that is more than [MaxInput] bytes, it returns an error that contains name.
func ReadLimited(r io.Reader, name string) ([]byte, error) {
	return ReadLimit(r, name, MaxInput)
}

// Create writes a new file and syncs it to disk. It fails if the file exists. It is atomic if the file system supports
// hard links.
func Create(name string, content []byte, mode fs.FileMode) error {
	whole := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text())
	if err := fillFile(whole, content, mode); err != nil {
		return err
	}
	err := os.Link(whole, name)
	os.Remove(whole)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = fillFile(name, content, mode)
	}
	if err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(name))
}

// fillFile creates a file and writes its content. If writing fails, it removes the file.
func fillFile(name string, content []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err = writeAndClose(file, content); err != nil {
		os.Remove(name)
	}
	return err
}

// Replace replaces a file atomically and syncs it to disk.
func Replace(name string, content []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(file.Chmod(mode), writeAndClose(file, content))
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		os.Remove(file.Name())
		return err
	}
	return SyncFolder(filepath.Dir(name))
}

func writeAndClose(file *os.File, content []byte) error {
	_, err := file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// SyncFolder makes the entries of a folder durable.
func SyncFolder(name string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced
		return nil
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// ReadLimit reads all of r. If that is more than limit bytes, it returns an error that contains name.
func ReadLimit(r io.Reader, name string, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, notary.Errorf(notary.TooLarge, "%s is larger than %d MiB: is it the right one?", name, limit>>20)
	}
	return content, nil
}

// IsFile reports whether name exists and is not a folder.
func IsFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// IsFolder reports whether name exists and is a folder.
func IsFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
