package notary_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
)

// Each text is one label: its value is everything after the first separator. Nothing is dropped or merged.
func TestParseLabels(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]notary.Labels{
		"team=payments":           {"team": "payments"},
		"team: payments":          {"team": "payments"},
		"team=payments, web":      {"team": "payments, web"},
		"team=a=b":                {"team": "a=b"},
		"note=first, second: two": {"note": "first, second: two"},
		"url:https://example.com": {"url": "https://example.com"},
		"site=at http://a:1":      {"site": "at http://a:1"},
		"team=web\nenv=web":       {"team": "web", "env": "web"},
		"":                        {},
	} {
		got, err := notary.ParseLabels(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for text, want := range map[string]string{
		"team=":                 "the label team has no value",
		"team":                  "the label team has no value",
		"=web":                  `"" cannot be the key of a label`,
		"team=web, env=prod":    `"team=web, env=prod" looks like several labels`,
		"team=web,env=":         "looks like several labels",
		"team:web env:prod":     "looks like several labels",
		"team=web\nteam=web":    "the label team is given twice",
		"team=web\nteam:shop":   "the label team is given twice",
		"team=web\n,env=prod":   `",env" cannot be the key of a label`,
		"team=web\nTeam=prod":   `"Team" cannot be the key of a label`,
		"team=web\ncolour=\x00": "the value of the label colour has unprintable characters",
	} {
		labels, err := notary.ParseLabels(strings.Split(text, "\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: labels %v, error %v, want %q", text, labels, err, want)
		}
	}
}
