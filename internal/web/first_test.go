package web_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"notary"
	"notary/internal/testkit"
)

// Goes from an empty database to a certificate that OpenSSL accepts, with and without JavaScript.
func TestFirstCertificate(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"with script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := empty(t).browse(t)
			if !script {
				b.withoutScript(t)
			}
			if script {
				b.open(t, "/start#setup="+testkit.SetupCode) // as printed at startup
			} else {
				b.open(t, "/")
				b.fill(t, "Setup code", testkit.SetupCode)
			}
			b.makeFirstAccount(t)
			b.press(t, "Create root and issuing CA")
			b.fill(t, "Organization", "Example Inc.")
			b.press(t, "Create root and issuing CA")
			b.wantText(t, "Example Inc. Root", "Example Inc. Issuing")
			b.press(t, "Overview")
			b.press(t, "Request a certificate")
			if script {
				b.makeKey(t, "www.example.com")
			} else {
				b.fill(t, "Certificate signing request (CSR)", testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "www.example.com"))
			}
			b.press(t, "Review request")
			b.press(t, "Submit request")
			b.press(t, "Sign")
			b.wantText(t, "Request signed.")
			b.wantVerified(t)
			b.press(t, "Overview")
			b.wantText(t, "www.example.com", " valid, ")
		})
	}
}

func (b *browser) makeFirstAccount(t *testing.T) {
	t.Helper()
	b.wantHeading(t, "Welcome to Notary")
	b.fill(t, "Email", "ada@example.com")
	b.fill(t, "Password", testkit.Password)
	b.fill(t, "Confirm password", testkit.Password)
	b.press(t, "Create account")
	b.wantText(t, "Next: create a CA")
}

func (b *browser) makeKey(t *testing.T, names string) (key string) {
	t.Helper()
	b.fill(t, "Subject alternative names", names)
	b.run(t, chromedp.Click(`//button[.="Generate key and CSR"]`), chromedp.WaitVisible("#save-key"))
	_, key = b.download(t, "#save-key")
	return key
}

// wantVerified verifies the certificate of the current request with OpenSSL and its own chain.
func (b *browser) wantVerified(t *testing.T) {
	t.Helper()
	_, leaf := b.download(t, `//a[contains(@href, "cert.pem")]`)
	_, above := b.download(t, `//a[.="Issuer chain (chain.pem)"]`)
	openssl(t, map[string]string{"leaf.pem": leaf, "above.pem": above}, "verify", "-x509_strict", "-purpose", "sslserver",
		"-CAfile", "above.pem", "leaf.pem")
}
