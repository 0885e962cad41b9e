package cli

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exported = "id,common_name\r\n1,a.example.com\r\n"

func TestExport(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, exported)).trusted()
	if r := s.must("certificate", "export"); r.out != exported || r.err != "" {
		t.Errorf("%+v", r)
	}
	file := filepath.Join(t.TempDir(), "certificates.csv")
	if r := s.must("certificate", "export", "--out", file); r.out != "" || readAll(t, file) != exported ||
		!strings.Contains(r.err, "written to") {
		t.Errorf("--out: %+v", r)
	}
	if err := os.WriteFile(file, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("certificate", "export", "--out", file).wantFailure(t, "already exists", "--force")
	if readAll(t, file) != "older" {
		t.Error("the file was touched")
	}
	s.must("certificate", "export", "--out", file, "--force")
	if readAll(t, file) != exported {
		t.Error("the file was not replaced")
	}
	s.run("certificate", "export", "--out", filepath.Dir(file), "--force").wantFailure(t, "is a folder")
	s.run("certificate", "export", "--out", filepath.Join(file, "x")).wantFailure(t)
}

// An interrupted export leaves no file that looks complete, and keeps an existing one.
func TestInterruptedExport(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, exported)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})).trusted()
	r := s.run("certificate", "export")
	if r.code != 1 || !strings.Contains(r.err, "error: the list is incomplete") {
		t.Errorf("%+v", r)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "certificates.csv")
	s.run("certificate", "export", "--out", file).wantFailure(t, "incomplete")
	if err := os.WriteFile(filepath.Join(folder, "older.csv"), []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("certificate", "export", "--out", filepath.Join(folder, "older.csv"), "--force").wantFailure(t, "incomplete")
	if readAll(t, filepath.Join(folder, "older.csv")) != "older" {
		t.Error("the existing file is gone")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("files in the folder: %v, %v", left, err)
	}
	refused := newShell(t, refuse(400, "invalid", "domain is not one")).trusted()
	refused.run("certificate", "export", "--domain", "x", "--out", file).wantFailure(t, "domain is not one")
	if _, err := os.Stat(file); err == nil {
		t.Error("a refused export left a file")
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, `{"result":{"certificate_requests":{"Outstanding":3,"Active":1200,"Rejected":0,"Revoked":4},
		"certificates":1300,"revoked":5,"expiring":[{"days":1,"count":0},{"days":30,"count":17}]}}`)).trusted()
	want := "Outstanding requests:     3\n" +
		"Active requests:          1200\n" +
		"Rejected requests:        0\n" +
		"Revoked requests:         4\n" +
		"Certificates:             1300, 5 of them revoked\n" +
		"Expiring within a day:    0\n" +
		"Expiring within 30 days:  17\n"
	if got := s.must("summary").out; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := s.must("summary", "--json").out; !strings.Contains(got, `"Outstanding": 3`) ||
		!strings.Contains(got, `"days": 30`) {
		t.Errorf("as JSON %s", got)
	}
	newShell(t, refuse(403, "forbidden", "the role Certificate Requestor does not have permission")).trusted().
		run("summary").wantFailure(t, "does not have permission", "hint: ", "notary request list")
}
