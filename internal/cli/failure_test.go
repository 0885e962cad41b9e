package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestHints(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status        int
		code, message string
		command       string
		want          string
	}{
		"a token that is not good": {401, "unauthenticated", "this token is not valid", "request list",
			"error: this token is not valid\nhint: the token comes from --token or NOTARY_TOKEN: use another, or omit it and log in with: notary login\n"},
		"a permission that is missing": {403, "forbidden", "the role Read Only does not have permission to do this",
			"request reject 1",
			"error: the role Read Only does not have permission to do this\n"},
		"not found": {404, "not_found", "there is no request 1", "request show 1",
			"error: there is no request 1\nhint: list them with: notary request list\n"},
		"no such login": {404, "not_found", "there is no session 9", "account end-session 9",
			"error: there is no session 9\nhint: list them with: notary account sessions\n"},
		"no such account": {404, "not_found", "there is no account 9", "account show 9",
			"error: there is no account 9\nhint: list them with: notary account list\n"},
		"conflict": {409, "conflict", "this request is Rejected: reopen it first", "request reject 1",
			"error: this request is Rejected: reopen it first\n"},
		"a fault of the server": {500, "internal", "something went wrong", "request list",
			"error: something went wrong\nhint: the server's log has the cause\n"},
		"a message that steers the terminal": {409, "conflict", "no\u001b[2J", "request reject 1",
			"error: no\uFFFD[2J\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, refuse(test.status, test.code, test.message)).trusted()
			if r := s.runWith("CSR", strings.Fields(test.command)...); r.code != 1 || r.out != "" ||
				r.err != test.want {
				t.Errorf("exit %d, output %q, errors\n%swant\n%s", r.code, r.out, r.err, test.want)
			}
		})
	}
}

// A command that works on a database gives no hint about a server, its log or roles.
func TestLocalCommandsGiveNoServerHints(t *testing.T) {
	t.Parallel()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for _, command := range []string{
		"check", "account recover --email me@example.com --generate", "setup-code", "backup copy.db", "restore copy.db",
		"migrate status",
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			r := newShell(t, nil).run(append(strings.Fields(command), "--data", nowhere)...)
			if r.code != 1 || strings.Contains(r.err, "hint: list them with") ||
				strings.Contains(r.err, "the server's log") {
				t.Errorf("exit %d, errors\n%s", r.code, r.err)
			}
		})
	}
}

func TestHintWithoutAToken(t *testing.T) {
	t.Parallel()
	s := newShell(t, refuse(401, "unauthenticated", "log in first")).trusted()
	delete(s.env, "NOTARY_TOKEN")
	if r, want := s.run("request", "list"), "error: log in first\nhint: log in with: notary login\n"; r.code != 1 ||
		r.err != want {
		t.Errorf("exit %d, errors %q, want %q", r.code, r.err, want)
	}
}

func TestFieldIsNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":"must be two letters","code":"invalid","field":"country_name"}`:                   "error: country_name: must be two letters\n",
		`{"error":"country_name must be two letters","code":"invalid","field":"country_name"}`:      "error: country_name must be two letters\n",
		`{"error":"there is no authority 3","code":"not_found","field":"certificate_authority_id"}`: "error: certificate_authority_id: there is no authority 3\nhint: list them with: notary authority list\n",
	} {
		s := newShell(t, answer(400, body)).trusted()
		if r := s.run("request", "sign", "1", "--authority", "3"); r.err != want {
			t.Errorf("errors %q, want %q", r.err, want)
		}
	}
}

func TestHintNamesTheCertificatesOfTheAuthority(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(404, `{"error":"there is no certificate 9","code":"not_found","field":"certificate_id"}`)).trusted()
	want := "error: certificate_id: there is no certificate 9\nhint: list them with: notary authority certificates 3\n"
	if r := s.run("authority", "use", "3", "--certificate", "9"); r.err != want {
		t.Errorf("errors %q, want %q", r.err, want)
	}
}
