package cli

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary/api"
)

func TestParseProfile(t *testing.T) {
	t.Parallel()
	want := api.Profile{Name: "web", Version: 3, ProfileRules: api.ProfileRules{KeyUsages: []string{"digitalSignature"},
		Validity: "30d", Keys: &api.ProfileKeys{Allowed: []string{"rsa"}, MinRSABits: 3072}}}
	for _, content := range []string{
		`{"name": "web", "version": 3, "key_usages": ["digitalSignature"], "validity": "30d", "keys": {"allowed": ["rsa"], "min_rsa_bits": 3072}}`,
		"name: web\nversion: 3\nkey_usages:\n- digitalSignature\nvalidity: 30d\nkeys:\n  allowed: [rsa]\n  min_rsa_bits: 3072 # bits\n",
	} {
		got, err := parseProfile("a file", content)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", content, diff)
		}
	}
	for content, word := range map[string]string{
		"": "is empty", "# nothing": "is empty", "null": "is empty", "[]": "cannot unmarshal", "web": "cannot unmarshal",
		"name: web\nname: again": "already defined", "name: [": "did not find", "names: {dns: {1: 2}}": "unsupported",
		"key_usages: digitalSignature": "key_usages",
		"colour: red":                  `unknown field "colour"`, "validity: 30": "validity", "a: &a [*a, *a]": "",
		"\xff": "",
		"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" +
			"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n": "excessive aliasing",
	} {
		_, err := parseProfile("a file", content)
		if err == nil || !strings.HasPrefix(err.Error(), "a file ") || !strings.Contains(err.Error(), word) {
			t.Errorf("%.40q: got error %v, want one that says %q", content, err, word)
		}
	}
}

func TestProfileByIDOrName(t *testing.T) {
	t.Parallel()
	s := newShell(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answer(200, `{"result":[{"id":3,"name":"web"}]}`)(w, r)
			return
		}
		answer(202, created)(w, r)
	})).trusted()
	s.run("profile", "delete", "nothing").wantFailure(t, "there is no profile nothing", "notary profile list")
	s.run("profile", "delete", "0").wantFailure(t, "not an ID")
	s.run("profile", "delete", "Web").wantFailure(t, "not an ID")
	if diff := cmp.Diff([]string{"GET /api/v1/profiles"}, s.server.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	s.must("profile", "delete", "web", "--yes")
	s.must("profile", "delete", "7", "--yes")
	want := []string{"GET /api/v1/profiles", "DELETE /api/v1/profiles/3", "DELETE /api/v1/profiles/7"}
	if diff := cmp.Diff(want, s.server.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestProfileCheckOutput(t *testing.T) {
	t.Parallel()
	const refused = `{"result":{"ok":false,"verdicts":[{"rule":"key","ok":true,"reason":""},{"rule":"dns_names","ok":false,"reason":"not this"}],
		"lint":[{"lint":"w_x","level":"warning","description":"odd","citation":"RFC 5280"}],"looked":3,"refused":[{"id":5,"common_name":"a","reason":"no"}],"allowed":[]}}`
	s := newShell(t, answer(200, refused)).trusted()
	csr := s.write("a.csr", "PEM\n")
	r := s.run("profile", "check", "3", "--csr", csr, "--last", "3", "--authority", "2")
	for _, word := range []string{"dns_names  no     not this", "of the last 3 requests, 1 would now be refused",
		"of the last 3 requests, 0 would now be allowed"} {
		if !strings.Contains(r.out, word) {
			t.Errorf("output\n%s\nlacks %q", r.out, word)
		}
	}
	if want := "warning: odd (RFC 5280, lint w_x)\nerror: the request would be refused\n"; r.code != 1 ||
		r.err != want {
		t.Errorf("exit %d, errors %q, want %q", r.code, r.err, want)
	}
	if diff := cmp.Diff([]string{`POST /api/v1/profiles/3/check {"csr":"PEM\n","certificate_authority_id":"2","last":3}`},
		s.server.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	s.run("profile", "check", "3").wantFailure(t, "at least one of the flags")
	s.run("profile", "check", "3", "--csr", "-", "--file", "-").wantFailure(t, "only one of --csr and --file")
}
