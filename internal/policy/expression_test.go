package policy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/testkit"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// someFacts describes a request with every kind of property.
func someFacts() *policy.Facts {
	return &policy.Facts{
		Names: notary.Names{DNS: []string{"a.dev.example.com", "b.dev.example.com"}, IP: []string{"10.1.2.3"},
			Email: []string{"ops@example.com"}, URI: []string{"spiffe://example.com/web"}, UPN: []string{"ops@corp.example"}},
		CommonName: "a.dev.example.com", CommonNames: []string{"a.dev.example.com"}, Key: "ECDSA P-256",
		Profile: "server", AuthorityID: 3, Validity: 30 * 24 * time.Hour, Labels: map[string]string{"team": "payments"},
		Principal: notary.Ref{Kind: "account", ID: 7, Name: "ci@example.com"}, Account: "ci@example.com", Role: "Certificate Requestor",
		Protocol: "api", Source: "10.9.8.7", Now: noon,
		LookUpSubject: func() (map[string][]string, error) {
			return map[string][]string{"organization_name": {"Example Ltd"}, "common_name": {"a.dev.example.com"}}, nil
		},
		LookUpGroups: func() ([]string, error) { return []string{"pipelines"}, nil },
		LookUpPrevious: func() (*policy.Previous, error) {
			return &policy.Previous{Owner: "ci@example.com", SameOwner: true, Profile: "server", AuthorityID: 3,
				NotBefore: noon.AddDate(0, -3, 0), NotAfter: noon.AddDate(0, 0, 10)}, nil
		},
	}
}

// Each of these is true for someFacts.
var trueExpressions = []string{
	`true`,
	`"a.dev.example.com" in names && "10.1.2.3" in names && "ops@example.com" in names && size(names) == 6`,
	`dns_names == ["a.dev.example.com", "b.dev.example.com"]`,
	`ip_addresses.all(a, cidr("10.0.0.0/8").containsIP(a))`,
	`email_addresses.exists(a, a.endsWith("@example.com"))`,
	`uris[0].startsWith("spiffe://example.com/")`,
	`user_principal_names == ["ops@corp.example"]`,
	`common_name == "a.dev.example.com"`,
	`subject.organization_name == ["Example Ltd"] && !("country_name" in subject)`,
	`key.algorithm == "ecdsa" && key.size == 256 && key.curve == "P-256"`,
	`profile == "server" && authority_id == 3`,
	`validity <= days(90) && validity > days(29)`,
	`labels.team == "payments" && !("site" in labels)`,
	`principal.account == "ci@example.com" && principal.kind == "account" && principal.id == 7`,
	`principal.name == principal.account`,
	`principal.role == "Certificate Requestor" && "pipelines" in principal.groups`,
	`protocol == "api"`,
	`cidr("10.9.0.0/16").containsIP(source) && !cidr("2001:db8::/32").containsIP(source)`,
	`certified_before && previous.same_owner && previous.owner == principal.name`,
	`previous.profile == profile && previous.authority_id == authority_id`,
	`previous.not_after - now < days(30) && previous.not_before < now`,
	`now.getHours("UTC") == 12`,
	`dns_names.below("dev.example.com") && dns_names.all(n, n.below("example.com"))`,
	`!names.below("dev.example.com")`,
	`"A.Dev.Example.COM".below(".Example.com.")`,
	`dns_names.exists(n, n.matches("^[a-z]\\.dev\\."))`,
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for _, text := range trueExpressions {
		e, err := policy.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if matches, err := e.Matches(someFacts()); !matches || err != nil {
			t.Errorf("%s: %v, %v", text, matches, err)
		}
	}
}

// Every variable occurs in an expression above, and its documented type is the declared one.
func TestVariablesAreTested(t *testing.T) {
	t.Parallel()
	all := strings.Join(trueExpressions, "\n")
	for _, v := range policy.Variables {
		if !strings.Contains(all, v.Name) {
			t.Errorf("no expression uses %s", v.Name)
		}
		literal := map[string]string{"string": `""`, "int": "0", "bool": "true", "duration": `duration("1s")`,
			"timestamp": `timestamp("2026-01-01T00:00:00Z")`, "list of strings": `[""]`,
			"map from string to string": `{"": ""}`, "map from string to list of strings": `{"": [""]}`}[v.Type]
		if _, err := policy.Compile(v.Name + " == " + literal); err != nil {
			t.Errorf("%s is not of type %s: %v", v.Name, v.Type, err)
		}
	}
	for _, f := range policy.Functions {
		if _, err := policy.Compile(f.Example + " == " + f.Example); err != nil {
			t.Errorf("%s: %v", f.Example, err)
		}
	}
}

func TestVariablesAreDocumented(t *testing.T) {
	t.Parallel()
	manual, err := os.ReadFile("../../docs/rules.md")
	testkit.Check(t, err)
	for _, v := range policy.Variables {
		if row := fmt.Sprintf("| `%s` | %s | %s |", v.Name, v.Type, v.Text); !strings.Contains(string(manual), row) {
			t.Errorf("docs/rules.md does not have the row\n%s", row)
		}
	}
	for _, f := range policy.Functions {
		if row := fmt.Sprintf("| `%s` | %s |", f.Example, f.Text); !strings.Contains(string(manual), row) {
			t.Errorf("docs/rules.md does not have the row\n%s", row)
		}
	}
	_, examples, _ := strings.Cut(string(manual), "| to | expression |")
	examples, _, _ = strings.Cut(examples, "\n\n")
	for line := range strings.Lines(examples) {
		if _, example, ok := strings.Cut(line, "| `"); ok {
			example, _, _ = strings.Cut(example, "` |")
			if _, err := policy.Compile(example); err != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"a.dev.example.com": true, "a.b.dev.example.com": true, "*.dev.example.com": true, "A.DEV.example.com": true,
		"_x.dev.example.com": true,
		"dev.example.com":    false, "xdev.example.com": false, "a.dev.example.com.evil": false, "": false,
		"ops@a.dev.example.com": false, "upn:ops@a.dev.example.com": false, "https://a.dev.example.com": false,
		"a b.dev.example.com": false, "a..dev.example.com": false, ".dev.example.com": false, "a.*.dev.example.com": false,
		"a\x00.dev.example.com": false, "10.0.0.1": false, "ä.dev.example.com": false,
		strings.Repeat("a.", 130) + "dev.example.com": false,
	} {
		f := &policy.Facts{CommonName: name}
		e, err := policy.Compile(`common_name.below("dev.example.com")`)
		testkit.Check(t, err)
		if got, err := e.Matches(f); got != want || err != nil {
			t.Errorf("%q: %v, %v", name, got, err)
		}
		e, err = policy.Compile(`names.below("dev.example.com")`)
		testkit.Check(t, err)
		f = &policy.Facts{CommonName: name}
		if got, err := e.Matches(f); got != want || err != nil {
			t.Errorf("names %q: %v, %v", name, got, err)
		}
	}
}

// Every common name counts as a name: some programs read only the first, others only the last.
func TestNamesHaveEveryCommonName(t *testing.T) {
	t.Parallel()
	e, err := policy.Compile(`names.below("dev.example.com")`)
	testkit.Check(t, err)
	f := &policy.Facts{Names: notary.Names{DNS: []string{"a.dev.example.com"}}, CommonName: "a.dev.example.com",
		CommonNames: []string{"bank.example", "a.dev.example.com"}}
	if matches, err := e.Matches(f); matches || err != nil {
		t.Errorf("%v, %v", matches, err)
	}
}

func TestExpressionsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                       "",
		`names ==`:                               "line 1, column 9: Syntax error",
		"true &&\n nam == 'x'":                   "line 2, column 2: undeclared reference to 'nam'",
		`names`:                                  "type list(string), not bool",
		`dyn(true)`:                              "type dyn, not bool",
		`1 + 1`:                                  "type int, not bool",
		`common_name == 1`:                       "no matching overload",
		`subject.x == "y"`:                       "no matching overload",
		`names.frobnicate()`:                     "undeclared reference to 'frobnicate'",
		`previous == "x"`:                        "undeclared reference to 'previous'",
		`common_name.matches("(")`:               "matches",
		`cidr("10.0.0.0/99").containsIP(source)`: "10.0.0.0/99",
		`common_name.matches("(a{1000}){1000}")`: "matches",
		strings.Repeat("(", 500) + "true":        "",
		`true` + strings.Repeat(" || true", 3000): "",
		"common_name == '\x00":                    "Syntax error",
		"\xff\xfe":                                "",
	} {
		_, err := policy.Compile(text)
		if err == nil {
			t.Errorf("%.60q compiles", text)
			continue
		}
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "expression")
		testkit.WantText(t, err, want)
		if len(err.Error()) > 1000 {
			t.Errorf("%.40q: the error has %d characters", text, len(err.Error()))
		}
	}
}

// manyNames is a request with as many names as the API accepts in any profile.
func manyNames() *policy.Facts {
	f := someFacts()
	for i := range 1000 {
		f.Names.DNS = append(f.Names.DNS, fmt.Sprintf("host-%d.dev.example.com", i))
	}
	return f
}

func TestEvaluationErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`labels.site == "x"`:                         "no such key: site",
		`1 / (size(names) - 6) == 0`:                 "division by zero",
		`dns_names[7] == ""`:                         "index out of bounds: 7",
		`cidr("10.0.0.0/8").containsIP(common_name)`: "a.dev.example.com",
		`common_name.below("*.example.com")`:         "is not a domain name",
		`common_name.below("")`:                      "is not a domain name",
		`now + days(1000000000) > now`:               "more than a hundred years",
		`common_name.matches(common_name + "(")`:     "missing closing )",
		`names.all(a, names.all(b, names.all(c, names.all(d, names.all(e, a + b + c + d + e != "")))))`: "takes too long",
		`int(common_name) == 1`: "type conversion error",
	} {
		e, err := policy.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		matches, err := e.Matches(someFacts())
		if matches || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", text, matches, err)
		}
	}
}

// What is cheap for an ordinary request is limited for a large one.
func TestLargeRequestsAreLimited(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`names.exists(a, names.exists(b, a == b + "x"))`:          "takes too long",
		`names.map(a, names.map(b, a + b)).size() == 0`:           "too",
		`names.all(n, n.below("example.com") || n != "")`:         "",
		`!names.below("dev.example.com")`:                         "",
		`names.map(a, names).map(b, b.map(c, names)).size() == 0`: "too",
	} {
		e, err := policy.Compile(text)
		testkit.Check(t, err)
		matches, err := e.Matches(manyNames())
		switch {
		case want == "" && (!matches || err != nil):
			t.Errorf("%s: %v, %v", text, matches, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, %v, want %q", text, matches, err, want)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range trueExpressions {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := policy.Compile(text)
		if err == nil {
			_, _ = e.Matches(someFacts())
		} else if notary.KindOf(err) != notary.Invalid {
			t.Errorf("%v", err)
		}
	})
}
