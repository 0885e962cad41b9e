package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"notary"
	"notary/internal/auth"
	"notary/internal/store"
	"notary/internal/testkit"
)

// A password must be long and not easily guessed. There are no rules about its characters.
func TestPasswordRules(t *testing.T) {
	t.Parallel()
	const email = "jane.doe@example.com"
	for _, tt := range []struct{ name, password, want string }{
		{"four words", "plain violet harbour engine", ""},
		{"twelve letters", "mxqkvhwzrtpb", ""},
		{"twelve characters of four octets", "𝒶𝓈𝒹𝒻𝓆𝓌𝑒𝓇𝓉𝓏𝓊𝒾", ""},
		{"no letters", "7302 9916 4458 2071", ""},
		{"spaces around", "  violet harbour engine  ", ""},
		{"the longest", strings.Repeat("violet harbour ", 69)[:auth.MaxPassword], ""},
		{"nothing", "", "at least 12 characters"},
		{"eleven characters", "mxqkvhwzrtp", "at least 12 characters"},
		{"eleven characters of many octets", "𝒶𝓈𝒹𝒻𝓆𝓌𝑒𝓇𝓉𝓏𝓊", "at least 12 characters"},
		{"an octet too long", strings.Repeat("violet harbour ", 69)[:auth.MaxPassword] + "x", "at most 1024 bytes"},
		{"no UTF-8", "plain violet \xff\xfe harbour", "not valid UTF-8"},
		{"the email", email, "must not be the email"},
		{"the email in capitals", strings.ToUpper(email), "must not be the email"},
		{"a common one", "password1234", "easy to guess"},
		{"one character over and over", "aaaaaaaaaaaaaaaaaaaa", "easy to guess"},
		{"the keyboard", "qwertyuiop[]", "easy to guess"},
		{"a walk on the keyboard", "1q2w3e4r5t6y", "easy to guess"},
		{"another, and a year", "Zaq12wsxcde3!", "easy to guess"},
		{"counting", "123456789012", "easy to guess"},
		{"the name twice", "jane.doejane.doe", "easy to guess"},
		{"a season and a year", "Sommer2026!!", "easy to guess"},
		{"a season in English", "Summer-2026!", "easy to guess"},
		{"a month", "Dezember2026", "easy to guess"},
		{"a month with signs", "!!November.2026!!", "easy to guess"},
		{"a season in signs", "$0mm3r2026!!", "easy to guess"},
		{"a weekday", "Donnerstag123!", "easy to guess"},
		{"a word over and over", "adminadminadmin", "easy to guess"},
		{"another word over and over", "violet violet violet", "easy to guess"},
		{"a phrase twice", "violet harbour violet harbour", ""},
		{"three letters over and over", "xkqxkqxkqxkq", "easy to guess"},
		{"the product", "Notary2026!!", "easy to guess"},
		{"the product and a role", "notary-admin-1", "easy to guess"},
		{"parts of the email", "Example.Jane.2026", "easy to guess"},
		{"the word for it", "Passwort12345!", "easy to guess"},
		{"another word for it", "Willkommen2026!", "easy to guess"},
		{"a German keyboard", "qwertzuiop123!", "easy to guess"},
		{"columns of keys", "1qaz2wsx3edc!", "easy to guess"},
		{"a season among others", "summer violet harbour engine", ""},
		{"a month among others", "april teapot gravel lantern", ""},
		{"a German one", "Pferd Batterie Klammer richtig", ""},
		{"random with a year", "vK8#2026qLm!tz", ""},
		{"of the program", "k7fq2-xw9pd-3mzt4", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := auth.CheckPassword(tt.password, email)
			if tt.want == "" {
				testkit.Check(t, err)
				return
			}
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantText(t, err, tt.want)
			testkit.WantField(t, err, "password")
			if tt.password != "" && strings.Contains(err.Error(), tt.password) {
				t.Errorf("the error %q contains the password", err)
			}
		})
	}
}

var phc = regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)

// Passwords are stored in the PHC string format, each with its own salt.
func TestPasswordHash(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	seen := map[string]bool{}
	for _, role := range notary.Roles {
		hash := passwordHash(t, w.Store, w.Caller(role).Principal.ID)
		if !phc.MatchString(hash) {
			t.Errorf("the hash is %q", hash)
		}
		if seen[hash] {
			t.Errorf("two accounts with one password share the hash %q", hash)
		}
		seen[hash] = true
	}
	if !phc.MatchString(auth.Decoy()) {
		t.Errorf("the decoy %q has another cost than a hash", auth.Decoy())
	}
}

func passwordHash(t testing.TB, s *store.Store, id int64) string {
	t.Helper()
	hash, err := s.PasswordHash(t.Context(), id)
	testkit.Check(t, err)
	return hash
}

// Refused logins cost one hash each, whether or not the account exists.
func TestRefusedLoginsCostTheSame(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	admin := w.Admin()
	count := auth.CountHashing(w.Auth)
	for _, tt := range []struct{ name, email, password string }{
		{"the right password", admin.Principal.Name, testkit.Password},
		{"a wrong password", admin.Principal.Name, "another violet harbour engine"},
		{"an empty password", admin.Principal.Name, ""},
		{"a password too long", admin.Principal.Name, strings.Repeat("x", 10*auth.MaxPassword)},
		{"no such account", "nobody@example.com", testkit.Password},
		{"no such account, no password", "nobody@example.com", ""},
		{"no email", "", testkit.Password},
		{"not an email", "%", testkit.Password},
		{"an email too long", strings.Repeat("x", 1000) + "@example.com", testkit.Password},
	} {
		before := count()
		_, err := w.Auth.Login(t.Context(), tt.email, tt.password, auth.Client{Address: "192.0.2.1"})
		if n := count() - before; n != 1 {
			t.Errorf("%s: %d passwords were hashed, want 1", tt.name, n)
		}
		if tt.name == "the right password" {
			testkit.Check(t, err)
			continue
		}
		testkit.WantKind(t, err, notary.Unauthenticated)
		if err.Error() != "incorrect email or password" {
			t.Errorf("%s: the error is %q", tt.name, err)
		}
	}
}
