package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
)

func TestPasswordSources(t *testing.T) {
	t.Parallel()
	create := []string{"account", "create", "--email", "a@b.c", "--role", "manager"}
	sent := func(password string) []string {
		return []string{`POST /api/v1/accounts {"email":"a@b.c","password":"` + password + `","role_id":1}`}
	}
	for name, test := range map[string]struct {
		stdin, variable string
		flags           []string
		want            []string
	}{
		"first line of stdin":    {"one two \nmore\n", "", []string{"--password-stdin"}, sent("one two ")},
		"with CRLF":              {"one\r\n", "", []string{"--password-stdin"}, sent("one")},
		"without an end":         {"one", "", []string{"--password-stdin"}, sent("one")},
		"stdin before variable":  {"one\n", "two", []string{"--password-stdin"}, sent("one")},
		"variable":               {"", "two", nil, sent("two")},
		"nothing on stdin":       {"", "two", []string{"--password-stdin"}, nil},
		"an empty line on stdin": {"\n", "", []string{"--password-stdin"}, nil},
		"a line without end":     {strings.Repeat("x", maxLine+1), "", []string{"--password-stdin"}, nil},
		"none":                   {"one\n", "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShell(t, answer(201, created)).trusted()
			s.env[passwordVariable] = test.variable
			r := s.runWith(test.stdin, append(create, test.flags...)...)
			if diff := cmp.Diff(test.want, s.server.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if test.want == nil {
				r.wantFailure(t, "password")
			} else if r.code != 0 || r.out != "account 7 created for a@b.c (Certificate Manager)\n" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestChangeMyPassword(t *testing.T) {
	t.Parallel()
	s := newShell(t, accounts(true))
	if r := s.runWith(password, login...); r.code != 0 {
		t.Fatal(r.err)
	}
	s.server.sent()
	r := s.runWith("old one\ncorrect horse 2\n", "account", "password", "--password-stdin")
	if r.code != 0 || !strings.Contains(r.out, "all other sessions ended") {
		t.Fatalf("%+v", r)
	}
	want := []string{
		"GET /api/v1/accounts/me",
		`POST /api/v1/accounts/me/change_password {"old_password":"old one","password":"correct horse 2"}`,
	}
	if diff := cmp.Diff(want, s.server.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	s.env["NOTARY_TOKEN"] = "the-token-of-a-script"
	s.run("account", "password", "--password-stdin").wantFailure(t, "log in first")
}

func TestChangePasswordOfAnother(t *testing.T) {
	t.Parallel()
	s := newShell(t, answer(200, success)).trusted()
	s.env[newPasswordVariable] = "new one"
	s.must("account", "password", "3")
	want := []string{`POST /api/v1/accounts/3/change_password {"password":"new one"}`}
	if diff := cmp.Diff(want, s.server.sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range notary.Roles {
		for _, word := range []string{roleWords[role], role.String(), string(rune('0' + role))} {
			if got, err := parseRole(word); err != nil || got != int(role) {
				t.Errorf("parseRole(%q) = %d, %v, want %d", word, got, err, role)
			}
		}
	}
	for _, word := range []string{"", "4", "-1", "root"} {
		if _, err := parseRole(word); err == nil {
			t.Errorf("parseRole(%q) succeeded", word)
		}
	}
}

func TestWaitingIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	cancel()
	_, err := waitFor(ctx, func() (string, error) { <-never; return "", nil })
	if err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("error %v", err)
	}
}
