package page

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"notary"
)

// ReadForm parses a posted form of at most limit octets, URL-encoded or multipart. It converts uploaded files with
// asText and stores each as the value of the field with the same name.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64, asText func([]byte) string) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	err := r.ParseForm() // first, because ParseMultipartForm drops the errors of URL-encoded forms
	if err == nil {
		if err = r.ParseMultipartForm(limit); errors.Is(err, http.ErrNotMultipart) { // all in memory
			err = nil
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge(tooLarge.Limit)
	}
	if err != nil {
		return notary.Errorf(notary.Invalid, "the form is incomplete: go back and submit it again")
	}
	return readFiles(r, asText)
}

func errTooLarge(limit int64) error {
	size := fmt.Sprintf("%d MiB", limit>>20)
	if limit < 1<<20 {
		size = fmt.Sprintf("%d KiB", limit>>10)
	}
	return notary.Errorf(notary.TooLarge, "the form exceeds the limit of %s", size)
}

// readFiles copies uploaded files into the fields with the same names, replacing any text. With JavaScript, the browser
// does this itself and clears the file input.
func readFiles(r *http.Request, asText func([]byte) string) error {
	if r.MultipartForm == nil {
		return nil
	}
	for name, files := range r.MultipartForm.File {
		for _, file := range files {
			content, err := readFile(file)
			if err != nil {
				return err
			}
			if text := asText(content); strings.TrimSpace(text) != "" {
				r.PostForm.Set(name, text)
			}
		}
	}
	return nil
}

func readFile(file *multipart.FileHeader) ([]byte, error) {
	in, err := file.Open()
	if err != nil {
		return nil, notary.InternalError("open an uploaded file", err)
	}
	content, err := io.ReadAll(in) // the whole form is limited
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, notary.InternalError("read an uploaded file", err)
	}
	return content, nil
}
