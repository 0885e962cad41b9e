package pki_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func openssl(t testing.TB, folder string, args ...string) {
	t.Helper()
	command := exec.Command("openssl", args...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func readFile(t testing.TB, parts ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	testkit.Check(t, err)
	return content
}

func TestParsePrivateKeyReadsWhatOpenSSLWrites(t *testing.T) {
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	for name, args := range map[string]string{
		"rsa":     "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem",
		"ec":      "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ec.pem",
		"ed25519": "genpkey -algorithm ed25519 -out ed25519.pem",
	} {
		openssl(t, folder, strings.Fields(args)...)
		want, err := pki.ParsePrivateKey(readFile(t, folder, name+".pem"), "")
		testkit.Check(t, err)
		openssl(t, folder, strings.Fields("req -x509 -key "+name+".pem -subj /CN="+name+" -out "+name+".crt")...)
		forms := map[string]string{
			"PKCS8 in DER":       "pkey -outform DER",
			"PKCS8 with AES":     "pkcs8 -topk8 -passout pass:secret",
			"PKCS8 with SHA-512": "pkcs8 -topk8 -v2prf hmacWithSHA512 -passout pass:secret",
			"PKCS8 with 3DES":    "pkcs8 -topk8 -v2 des3 -passout pass:secret -outform DER",
			"PKCS8 with scrypt":  "pkcs8 -topk8 -scrypt -passout pass:secret",
			"PKCS12":             "pkcs12 -export -passout pass:secret -inkey " + name + ".pem -in " + name + ".crt",
			"PKCS12 of old":      "pkcs12 -export -legacy -passout pass:secret -inkey " + name + ".pem -in " + name + ".crt",
		}
		if name != "ed25519" {
			forms["traditional"] = name + " "
			forms["traditional in DER"] = name + " -outform DER"
			forms["traditional with AES"] = name + " -aes128 -passout pass:secret"
		}
		for form, args := range forms {
			t.Run(name+", "+form, func(t *testing.T) {
				args := strings.Fields(args)
				if args[0] != "pkcs12" {
					args = append(args, "-in", name+".pem")
				}
				if args[0] == "rsa" {
					args = append(args, "-traditional")
				}
				openssl(t, folder, append(args, "-out", "out")...)
				data := readFile(t, folder, "out")
				got, err := pki.ParsePrivateKey(data, "secret")
				testkit.Check(t, err)
				if !pki.SameKey(got.Public(), want.Public()) {
					t.Error("it is another key")
				}
				if !strings.Contains(strings.Join(args, " "), "secret") {
					return
				}
				_, err = pki.ParsePrivateKey(data, "")
				wantPasswordError(t, err, pki.ErrNoPassword)
				_, err = pki.ParsePrivateKey(data, "wrong")
				wantPasswordError(t, err, pki.ErrWrongPassword)
			})
		}
	}
}

func wantPasswordError(t *testing.T, err, want error) {
	t.Helper()
	testkit.WantKind(t, err, notary.Invalid)
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestParsePrivateKeyRefuses(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	openssl(t, folder, strings.Fields("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem")...)
	openssl(t, folder, strings.Fields("genpkey -algorithm X25519 -out x25519.pem")...)
	openssl(t, folder, strings.Fields("genpkey -algorithm ED448 -out ed448.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -passout pass:secret -in ed448.pem -out unknown.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -passout pass:secret -in x25519.pem -out agreement.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -v2 camellia-256-cbc -passout pass:secret -in key.pem -out camellia.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:secret -in key.pem -out pbes1.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -iter 6000000 -passout pass:secret -in key.pem -out slow.pem")...)
	openssl(t, folder, strings.Fields("pkcs8 -topk8 -passout pass:secret -in key.pem -outform DER -out encrypted.der")...)
	key := string(readFile(t, folder, "key.pem"))
	encrypted := readFile(t, folder, "encrypted.der")
	// Drop the last octet of the ciphertext, so that its length no longer matches.
	broken := append([]byte{}, encrypted[:len(encrypted)-1]...)
	broken[2]--
	for name, c := range map[string]struct{ data, words string }{
		"nothing":       {"", "cannot be read"},
		"a text":        {"hello", "cannot be read"},
		"a certificate": {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no private key"},
		"two keys":      {key + key, "2 private keys"},
		"one of OpenSSH": {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
			"ssh-keygen"},
		"one that cannot sign": {string(readFile(t, folder, "x25519.pem")), "cannot sign"},
		"one that is cut":      {string(encrypted[:40]), "cannot be read"},
		"broken encryption":    {string(broken), "cannot be read"},
		"too many iterations":  {string(readFile(t, folder, "slow.pem")), "iteration count"},
		"an unknown algorithm": {string(readFile(t, folder, "unknown.pem")), "unknown algorithm"},
		"one for agreement":    {string(readFile(t, folder, "agreement.pem")), "cannot sign"},
		"an unknown cipher":    {string(readFile(t, folder, "camellia.pem")), "its cipher is not supported"},
		"PBES1":                {string(readFile(t, folder, "pbes1.pem")), "not encrypted with PBES2"},
		"one that is huge":     {strings.Repeat("A", pki.MaxKeySize+1), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.ParsePrivateKey([]byte(c.data), "secret")
			testkit.WantKind(t, err, notary.Invalid)
			if pki.IsPasswordError(err) {
				t.Errorf("error %q blames the password", err)
			}
			if err != nil && !strings.Contains(err.Error(), c.words) {
				t.Errorf("error %q, want %q in it", err, c.words)
			}
		})
	}
}
