package config

import (
	"strings"
	"testing"

	"notary/internal/testkit"
)

const scrapeToken = "0123456789abcdef0123"

func TestSetupCodeSettings(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"off": "off", " plain violet ": "plain violet", "12345678": "12345678"} {
		c, err := Load("", []string{EnvSetupCode + "=" + value}, nil)
		testkit.Check(t, err)
		if c.SetupCode != want {
			t.Errorf("%q is read as %q", value, c.SetupCode)
		}
		for _, s := range c.inForce {
			if s.Key == KeySetupCode && (s.Value != "" && s.Value != "off" || s.Secret != (want != "off")) {
				t.Errorf("%q is shown as %+v", value, s)
			}
		}
	}
	_, err := Load("", []string{EnvSetupCode + "=violet"}, nil)
	testkit.WantText(t, err, EnvSetupCode, "at least 8 characters")
	if strings.Contains(err.Error(), "violet") {
		t.Errorf("the code is repeated: %v", err)
	}
}

func TestMetricsConfiguration(t *testing.T) {
	t.Parallel()
	c, err := Load(testkit.ConfigFile(t, "{metrics_listen: \"127.0.0.1\"}"),
		[]string{EnvMetricsToken + "=" + scrapeToken}, nil)
	testkit.Check(t, err)
	if c.MetricsToken != scrapeToken || c.MetricsListen != "127.0.0.1:2113" {
		t.Errorf("token %q, listener %q", c.MetricsToken, c.MetricsListen)
	}
	for _, s := range c.inForce {
		if strings.Contains(s.Value, scrapeToken) || s.Key == KeyMetricsToken && !s.Secret {
			t.Errorf("the settings show %+v", s)
		}
	}
	for text, words := range map[string]string{
		"metrics_token: short":                "at least 16 characters",
		"metrics_token: 'with a space in it'": "visible ASCII",
		"metrics_listen: 'not an address'":    "is not an address",
	} {
		_, err := Load(testkit.ConfigFile(t, text), nil, nil)
		testkit.WantText(t, err, words)
		if strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "with a space") {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}
