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

// ReadForm parses a posted form of at most so many octets, urlencoded or in parts. The content of an uploaded file
// becomes the value of the field of its name, as asText returns it.
func ReadForm(w http.ResponseWriter, r *http.Request, limit int64, asText func([]byte) string) error {
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	err := r.ParseForm() // by itself: ParseMultipartForm drops the errors of a form that is not in parts
	if err == nil {
		if err = r.ParseMultipartForm(limit); errors.Is(err, http.ErrNotMultipart) { // never spills into a file
			err = nil
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge(tooLarge.Limit)
	}
	if err != nil {
		return notary.Errorf(notary.Invalid, "the form did not arrive whole: go back and send it again")
	}
	return readFiles(r, asText)
}

func errTooLarge(limit int64) error {
	size := fmt.Sprintf("%d MiB", limit>>20)
	if limit < 1<<20 {
		size = fmt.Sprintf("%d KiB", limit>>10)
	}
	return notary.Errorf(notary.TooLarge, "what was sent is larger than %s", size)
}

// readFiles copies uploaded files into the fields of their names. A value that is already there comes from a file
// chosen earlier: script clears the file input once it has read the file.
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
