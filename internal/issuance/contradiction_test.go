package issuance_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
)

func TestBuiltinProfiles(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range issuance.Builtins() {
		names = append(names, p.Name)
		if err := errors.Join(issuance.CheckProfileName(p.Name), issuance.CheckRules(&p.Rules)); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if !p.Builtin || p.Version != 1 || p.Description == "" {
			t.Errorf("%s: built in %t, version %d, description %q", p.Name, p.Builtin, p.Version, p.Description)
		}
	}
	want := []string{"server", "client", "server-client", "intermediate", "ocsp", "code-signing", "email"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func TestProfileNames(t *testing.T) {
	t.Parallel()
	for name, sound := range map[string]bool{"a": true, "web": true, "web-2.int_x": true, strings.Repeat("a", 64): true,
		"": false, strings.Repeat("a", 65): false, "Web": false, "7": false, "7web": false, "-web": false, "a b": false,
		"a/b":   false,
		"größe": false, "a\n": false, "a\x00": false, "%s": false} {
		err := issuance.CheckProfileName(name)
		if (err == nil) != sound {
			t.Errorf("%q: %v", name, err)
		}
		if err != nil && err.(*notary.Error).Field != "name" {
			t.Errorf("%q: the error is about the field %q", name, err.(*notary.Error).Field)
		}
	}
}

// contradictions are invalid changes to the profile server-client, with the field and a word of the error.
var contradictions = []struct {
	name  string
	edit  func(*notary.Rules)
	field string
	word  string
}{
	{"an authority that is a server", func(r *notary.Rules) {
		r.CA, r.KeyUsages = true, []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign}
	}, "key_usages", "serverAuth"},
	{"an authority with a purpose", func(r *notary.Rules) {
		r.CA, r.KeyUsages, r.ExtKeyUsages = true, []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign},
			[]string{"1.3.6.1.5.5.7.3.17"}
	}, "extended_key_usages", "limit what it may issue"},
	{"an authority and server by its key usage", func(r *notary.Rules) {
		r.CA, r.KeyUsages = true, []notary.KeyUsage{notary.DigitalSignature, notary.KeyCertSign, notary.CRLSign}
	}, "extended_key_usages", "ca to false"},
	{"an authority that signs no certificates", func(r *notary.Rules) { r.CA, r.ExtKeyUsages = true, nil }, "key_usages",
		"keyCertSign"},
	{"an authority that signs no CRLs", func(r *notary.Rules) {
		r.CA, r.ExtKeyUsages, r.KeyUsages = true, nil, []notary.KeyUsage{notary.KeyCertSign}
	}, "key_usages", "cRLSign"},
	{"a machine that signs certificates", func(r *notary.Rules) { r.KeyUsages = append(r.KeyUsages, notary.KeyCertSign) },
		"key_usages", "only CAs"},
	{"a machine that signs CRLs", func(r *notary.Rules) { r.KeyUsages = append(r.KeyUsages, notary.CRLSign) },
		"key_usages", "only CAs"},
	{"a path length without authority", func(r *notary.Rules) { r.PathLen = 0 }, "path_length", "only CAs"},
	{"a negative path length", func(r *notary.Rules) {
		r.CA, r.ExtKeyUsages, r.KeyUsages, r.PathLen = true, nil, []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign}, -2
	}, "path_length", "from 0"},
	{"an endless path", func(r *notary.Rules) {
		r.CA, r.ExtKeyUsages, r.KeyUsages, r.PathLen = true, nil, []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign}, 9
	}, "path_length", "to 8"},
	{"an authority without a subject", func(r *notary.Rules) {
		r.CA, r.ExtKeyUsages, r.KeyUsages = true, nil, []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign}
		r.Subject.Others = notary.Refuse
	}, "subject.others", "needs a subject"},

	{"no key", func(r *notary.Rules) { r.Keys.Allowed = nil }, "keys.allowed", "no key type is allowed"},
	{"an unknown key", func(r *notary.Rules) { r.Keys.Allowed = []notary.KeyKind{"dsa"} }, "keys.allowed", "dsa"},
	{"a key twice", func(r *notary.Rules) { r.Keys.Allowed = []notary.KeyKind{notary.KindRSA, notary.KindRSA} },
		"keys.allowed", "twice"},
	{"RSA keys too short", func(r *notary.Rules) { r.Keys.MinRSABits = 1024 }, "keys.min_rsa_bits", "2048"},
	{"RSA keys too long", func(r *notary.Rules) { r.Keys.MaxRSABits = 16384 }, "keys.max_rsa_bits", "8192"},
	{"the shortest longer than the longest", func(r *notary.Rules) { r.Keys.MinRSABits, r.Keys.MaxRSABits = 4096, 3072 },
		"keys.max_rsa_bits", "4096"},
	{"RSA sizes without RSA", func(r *notary.Rules) {
		r.Keys = notary.KeyRules{Allowed: []notary.KeyKind{notary.KindP256}, MinRSABits: 3072}
	}, "keys.min_rsa_bits", "not allowed"},
	{"RSA sizes without RSA, too", func(r *notary.Rules) {
		r.Keys = notary.KeyRules{Allowed: []notary.KeyKind{notary.KindP256}, MaxRSABits: 3072}
	}, "keys.max_rsa_bits", "not allowed"},

	{"no key usage", func(r *notary.Rules) { r.KeyUsages = nil }, "key_usages", "no key usage is given"},
	{"an unknown key usage", func(r *notary.Rules) { r.KeyUsages = []notary.KeyUsage{"DigitalSignature"} }, "key_usages",
		"DigitalSignature"},
	{"a key usage twice", func(r *notary.Rules) { r.KeyUsages = append(r.KeyUsages, notary.DigitalSignature) },
		"key_usages", "twice"},
	{"key usages that fit no key allowed", func(r *notary.Rules) { r.KeyUsages = []notary.KeyUsage{notary.KeyEncipherment} }, "key_usages", "ecdsa-p256"},
	{"encipherOnly alone", func(r *notary.Rules) { r.KeyUsages = append(r.KeyUsages, notary.EncipherOnly) }, "key_usages",
		"keyAgreement"},
	{"encipherOnly and decipherOnly", func(r *notary.Rules) {
		r.KeyUsages = append(r.KeyUsages, notary.KeyAgreement, notary.EncipherOnly, notary.DecipherOnly)
	}, "key_usages", "cannot be combined"},
	{"a client whose key signs nothing", func(r *notary.Rules) {
		r.Keys.Allowed, r.KeyUsages = []notary.KeyKind{notary.KindRSA}, []notary.KeyUsage{notary.KeyEncipherment}
	}, "key_usages", "clientAuth"},
	{"usages that the lints call inconsistent", func(r *notary.Rules) {
		r.ExtKeyUsages = []string{notary.CodeSigning}
	}, "key_usages", "e_key_usage_and_extended_key_usage_inconsistent"},

	{"an unknown purpose", func(r *notary.Rules) { r.ExtKeyUsages = []string{"webAuth"} }, "extended_key_usages",
		"webAuth"},
	{"a purpose that is no object identifier", func(r *notary.Rules) { r.ExtKeyUsages = []string{"1.3.6.x"} },
		"extended_key_usages", "1.3.6.x"},
	{"a purpose with a part of 40 bits", func(r *notary.Rules) { r.ExtKeyUsages = []string{"1.3.1099511627776"} },
		"extended_key_usages", "1099511627776"},
	{"a purpose twice", func(r *notary.Rules) { r.ExtKeyUsages = []string{notary.ServerAuth, "1.3.6.1.5.5.7.3.1"} },
		"extended_key_usages", "twice"},
	{"any purpose", func(r *notary.Rules) { r.ExtKeyUsages = []string{"2.5.29.37.0"} }, "extended_key_usages",
		"list the extended key usages"},
	{"time stamping beside others", func(r *notary.Rules) {
		r.ExtKeyUsages = append(r.ExtKeyUsages,
			notary.TimeStamping)
	}, "extended_key_usages", "RFC 3161"},
	{"no check of a server", func(r *notary.Rules) { r.OCSPNoCheck = true }, "ocsp_no_check", "OCSPSigning"},
	{"too many purposes", func(r *notary.Rules) { r.ExtKeyUsages = slices.Repeat([]string{"1.2.3"}, 51) },
		"extended_key_usages", "50"},

	{"no validity", func(r *notary.Rules) { r.Validity = 0 }, "validity", "from 10m"},
	{"a negative validity", func(r *notary.Rules) { r.Validity = -time.Hour }, "validity", "from 10m"},
	{"an endless validity", func(r *notary.Rules) { r.Validity = 40_000 * 24 * time.Hour }, "validity", "36500d"},
	{"a validity longer than the longest", func(r *notary.Rules) { r.MaxValidity = r.Validity - 1 }, "validity",
		"longer than max_validity"},
	{"a longest validity of a minute", func(r *notary.Rules) { r.MaxValidity = time.Minute }, "max_validity", "from 10m"},

	{"an unknown allowance", func(r *notary.Rules) { r.Names.DNS.Allow = "all" }, "names.dns.allow", "listed or none"},
	{"no allowance", func(r *notary.Rules) { r.Names.URI.Allow = "" }, "names.uri.allow", "listed or none"},
	{"an empty list", func(r *notary.Rules) { r.Names.DNS = onlyListed() }, "names.dns.listed", "is empty"},
	{"a list beside any", func(r *notary.Rules) { r.Names.IP.Listed = []string{"10.0.0.0/8"} }, "names.ip.listed",
		"allow is any"},
	{"a wildcard as a domain", func(r *notary.Rules) { r.Names.DNS = onlyListed("*.example.com") }, "names.dns.listed",
		"*.example.com"},
	{"a domain in upper case", func(r *notary.Rules) { r.Names.DNS = onlyListed("Example.com") }, "names.dns.listed",
		"Example.com"},
	{"a domain with a dot at its end", func(r *notary.Rules) { r.Names.DNS = onlyListed("example.com.") },
		"names.dns.listed", "example.com."},
	{"a domain that is not an A-label", func(r *notary.Rules) { r.Names.DNS = onlyListed("bücher.example") },
		"names.dns.listed", "bücher"},
	{"a domain twice", func(r *notary.Rules) { r.Names.DNS = onlyListed("example.com", "example.com") },
		"names.dns.listed", "twice"},
	{"an IP address as a domain", func(r *notary.Rules) { r.Names.DNS = onlyListed("10.0.0.1") }, "names.dns.listed",
		"10.0.0.1"},
	{"a range with bits behind it", func(r *notary.Rules) { r.Names.IP = onlyListed("10.0.0.1/8") }, "names.ip.listed",
		"10.0.0.1/8"},
	{"a mapped range", func(r *notary.Rules) { r.Names.IP = onlyListed("::ffff:10.0.0.0/104") }, "names.ip.listed",
		"::ffff"},
	{"a mailbox without domain", func(r *notary.Rules) { r.Names.Email = onlyListed("me@") }, "names.email.listed", "me@"},
	{"a URI without host", func(r *notary.Rules) { r.Names.URI = onlyListed("spiffe:///web") }, "names.uri.listed",
		"spiffe"},
	{"a URI with a query", func(r *notary.Rules) { r.Names.URI = onlyListed("https://example.com/?a=b") },
		"names.uri.listed", "?a=b"},
	{"a URI with a user", func(r *notary.Rules) { r.Names.URI = onlyListed("https://me@example.com/") },
		"names.uri.listed", "me@"},
	{"a URI that leads upwards", func(r *notary.Rules) { r.Names.URI = onlyListed("https://example.com/a/../b") },
		"names.uri.listed", ".."},
	{"a long list", func(r *notary.Rules) { r.Names.DNS = onlyListed(slices.Repeat([]string{"example.com"}, 501)...) },
		"names.dns.listed", "500"},
	{"wildcards of no names", func(r *notary.Rules) { r.Names.DNS.Allow = notary.AllowNone }, "names.wildcards",
		"no DNS names are allowed"},
	{"a name required and none allowed", func(r *notary.Rules) {
		none := notary.NameRule{Allow: notary.AllowNone}
		r.ExtKeyUsages = []string{notary.ClientAuth}
		r.Names = notary.NameRules{DNS: none, IP: none, Email: none, URI: none, Required: true}
	}, "names.required", "none is allowed"},
	{"a server without a name", func(r *notary.Rules) {
		none := notary.NameRule{Allow: notary.AllowNone}
		r.Names = notary.NameRules{DNS: none, IP: none, Email: notary.NameRule{Allow: notary.AllowAny}, URI: none}
	}, "names.dns.allow", "a server is identified"},
	{"email without addresses", func(r *notary.Rules) {
		r.KeyUsages, r.ExtKeyUsages = []notary.KeyUsage{notary.DigitalSignature}, []string{notary.EmailProtection}
		r.Names.Email.Allow = notary.AllowNone
	}, "names.email.allow", "emailProtection"},

	{"others fixed", func(r *notary.Rules) { r.Subject.Others = notary.Fix }, "subject.others", "keep or refuse"},
	{"an unknown attribute", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "company", Action: notary.Keep}}
	}, "subject.attributes", "company"},
	{"two rules for an attribute", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "common_name", Action: notary.Keep},
			{Type: "2.5.4.3", Action: notary.Refuse}}
	}, "subject.attributes", "two rules"},
	{"an unknown action", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "title", Action: "drop"}}
	}, "subject.attributes[0]", "drop"},
	{"a value of what is kept", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "title", Action: notary.Keep, Value: "Dr"}}
	}, "subject.attributes[0]", "only a fixed attribute"},
	{"fixed to nothing", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "title", Action: notary.Keep},
			{Type: "surname", Action: notary.Fix}}
	}, "subject.attributes[1]", "empty"},
	{"a country of three letters", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "country_name", Action: notary.Fix, Value: "SWE"}}
	}, "subject.attributes[0]", "exactly 2"},
	{"a value that steers terminals", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "title", Action: notary.Fix, Value: "a\x1b[2J"}}
	}, "subject.attributes[0]", "control and invisible characters"},
	{"a fixed email address", func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{{Type: "1.2.840.113549.1.9.1", Action: notary.Fix,
			Value: "me@example.com"}}
	}, "subject.attributes[0]", "must match the names"},
	{"too many attributes", func(r *notary.Rules) {
		r.Subject.Attributes = slices.Repeat([]notary.AttributeRule{{Type: "title", Action: notary.Keep}}, 51)
	}, "subject.attributes", "50"},

	{"a policy that is no object identifier", func(r *notary.Rules) { r.Policies = []string{"gold"} }, "policies", "gold"},
	{"a policy twice", func(r *notary.Rules) { r.Policies = []string{"1.2.3", "1.2.3"} }, "policies", "twice"},
	{"too many policies", func(r *notary.Rules) { r.Policies = slices.Repeat([]string{"1.2.3"}, 51) }, "policies", "50"},
	{"nothing to do with warnings", func(r *notary.Rules) { r.LintWarnings = "ignore" }, "lint_warnings", "ignore"},
	{"a description of two lines", func(r *notary.Rules) { r.Description = "a\nb" }, "description", "one line"},
	{"a description that is no text", func(r *notary.Rules) { r.Description = "\xff" }, "description", "one line"},
	{"a description without end", func(r *notary.Rules) { r.Description = strings.Repeat("a", 501) }, "description",
		"500"},
}

func TestContradictoryProfiles(t *testing.T) {
	t.Parallel()
	for _, test := range contradictions {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rules := profile(t, "").Rules
			test.edit(&rules)
			err := issuance.CheckRules(&rules)
			var e *notary.Error
			if !errors.As(err, &e) || e.Kind != notary.Invalid || e.Field != test.field ||
				!strings.Contains(e.Message, test.word) {
				t.Errorf("got %#v, want an invalid field %s and %q", err, test.field, test.word)
			}
		})
	}
}
