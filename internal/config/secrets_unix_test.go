//go:build unix

package config

import (
	"os"
	"strings"
	"testing"

	"notary/internal/testkit"
)

// A configuration file that everyone can write is refused, and so is one with a secret that everyone can read.
func TestOpenConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	const open, group = 0o644, 0o640
	for _, test := range []struct {
		content string
		mode    os.FileMode
		want    string
	}{
		{"setup_code: a-long-code", open, "it contains secrets (setup_code): run chmod o= "},
		{"metrics_token: 0123456789abcdef", open, "metrics_token"},
		{"database: postgres://notary:secret@db1,db2:5432/notary", open, "database"},
		{"database: postgres://notary@db/notary?sslmode=require&password=secret", open, "database"},
		{"setup_code: a-long-code", group, ""},
		{"database: postgres://notary@db1:5432,db2:5432/notary?sslmode=require", open, ""},
		{"{setup_code: off, port: 3000}", open, ""},
		{"port: 3000", 0o646, "every user can change this file"},
	} {
		file := testkit.ConfigFile(t, test.content)
		testkit.Check(t, os.Chmod(file, test.mode))
		_, err := Load(file, []string{"NOTARY_SETUP_CODE=another-code"}, nil)
		switch {
		case test.want == "":
			testkit.Check(t, err)
		case err == nil:
			t.Errorf("%s with mode %04o is accepted", test.content, test.mode)
		default:
			testkit.WantText(t, err, file, test.want)
			if strings.Contains(err.Error(), "secret@") {
				t.Errorf("the error shows the password: %v", err)
			}
		}
	}
}
