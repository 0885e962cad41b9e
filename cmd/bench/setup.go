package main

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
	"notary/internal/store"
)

// authorities are the IDs and samples of the server's authorities, all below one root.
type authorities struct {
	issuing      []int64 // issuers of the generated certificates; the first one also signs in measurements
	unrevoked    int64   // has no revoked certificates
	muchRevoked  int64   // has --revoked revoked certificates
	unrevokedOne sample
	revokedOne   sample
}

// sampleKeys are the key algorithms of certificates and their percentages.
var sampleKeys = []struct {
	algorithm notary.KeyAlgorithm
	weight    int
}{
	{notary.ECDSAP256, 55}, {notary.RSA2048, 26}, {notary.ECDSAP384, 8}, {notary.Ed25519, 5}, {notary.RSA4096, 4},
	{notary.RSA3072, 2},
}

// issuingKeys are the key algorithms of the issuing authorities, with the relative numbers of their certificates.
var issuingKeys = []struct {
	algorithm notary.KeyAlgorithm
	weight    int
}{
	{notary.ECDSAP256, 6}, {notary.RSA3072, 3}, {notary.ECDSAP384, 1},
}

func (b *bench) api() (*client.Client, error) {
	n := b.site.nodes[0]
	return client.New(client.Config{Server: n.url, TLS: n.tls, Token: b.token})
}

// setUp creates the site. It creates an account, the authorities and the samples over the API, and reads the samples
// from the database.
func (b *bench) setUp(ctx context.Context) (err error) {
	if b.site, err = newSite(b.dir, "node", b.engine.url, b.o.nodes); err != nil {
		return err
	}
	if err := b.site.start(ctx); err != nil {
		return err
	}
	b.say("creating CAs and samples")
	c, err := b.api()
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	if b.token, err = firstAccount(ctx, c); err != nil {
		return err
	}
	c = c.WithToken(b.token)
	if err := b.makeAuthorities(ctx, c); err != nil {
		return err
	}
	if err := b.makeSamples(ctx, c); err != nil {
		return err
	}
	if err := b.site.stop(); err != nil {
		return err
	}
	return b.site.withStore(ctx, func(st *store.Store) error { return b.readSamples(ctx, st) })
}

func firstAccount(ctx context.Context, c *client.Client) (token string, err error) {
	status, err := c.Status(ctx)
	if err != nil {
		return "", err
	}
	if status.Initialized {
		return "", errors.New("the database is not empty: use an empty one")
	}
	login := api.Login{Email: "bench@example.com", Password: rand.Text()}
	if _, err = c.CreateAccount(ctx, api.CreateAccount{Email: login.Email, Password: login.Password}); err != nil {
		return "", err
	}
	return c.Login(ctx, login)
}

func (b *bench) makeAuthorities(ctx context.Context, c *client.Client) error {
	root, err := c.CreateCertificateAuthority(ctx,
		api.CreateCertificateAuthority{SelfSigned: true, CommonName: "Bench Root"})
	if err != nil {
		return err
	}
	make := func(name string, algorithm notary.KeyAlgorithm) (int64, error) {
		id, err := c.CreateCertificateAuthority(ctx,
			api.CreateCertificateAuthority{CommonName: name, KeyAlgorithm: string(algorithm)})
		if err != nil {
			return 0, err
		}
		return id, c.SignCertificateAuthority(ctx, id,
			api.SignCertificateAuthority{CertificateAuthorityID: api.ID(root)})
	}
	for _, k := range issuingKeys {
		id, err := make("Bench Issuing "+string(k.algorithm), k.algorithm)
		if err != nil {
			return err
		}
		b.authority.issuing = append(b.authority.issuing, id)
	}
	if b.authority.unrevoked, err = make("Bench Issuing, nothing revoked", notary.ECDSAP256); err != nil {
		return err
	}
	b.authority.muchRevoked, err = make("Bench Issuing, much revoked", notary.ECDSAP256)
	return err
}

// makeSamples creates and signs a request for each key algorithm with each issuing authority, and one with each of the
// two authorities for revocation.
func (b *bench) makeSamples(ctx context.Context, c *client.Client) error {
	for _, authority := range b.authority.issuing {
		for _, k := range sampleKeys {
			if err := b.makeSample(ctx, c, authority, k.algorithm); err != nil {
				return err
			}
		}
	}
	for _, authority := range []int64{b.authority.unrevoked, b.authority.muchRevoked} {
		if err := b.makeSample(ctx, c, authority, notary.ECDSAP256); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) makeSample(ctx context.Context, c *client.Client, authority int64,
	algorithm notary.KeyAlgorithm) error {
	key, err := pki.GenerateKey(algorithm)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("sample-%d.eu-west.prod.payments.example.com", len(b.samples)+1)
	csr, err := pki.NewCSR(key, pkix.Name{CommonName: name}, notary.Names{DNS: []string{name}})
	if err != nil {
		return err
	}
	id, err := c.CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr.PEM})
	if err != nil {
		return err
	}
	b.samples = append(b.samples, id)
	return c.SignCertificateRequest(ctx, id, api.SignCertificateRequest{CertificateAuthorityID: api.ID(authority)})
}

func (b *bench) readSamples(ctx context.Context, st *store.Store) error {
	var all []sample
	for i, id := range b.samples {
		r, err := st.Request(ctx, id)
		if err != nil {
			return err
		}
		weight := 0
		if i < len(issuingKeys)*len(sampleKeys) {
			weight = issuingKeys[i/len(sampleKeys)].weight * sampleKeys[i%len(sampleKeys)].weight
		}
		all = append(all, newSample(r, weight))
		b.known = append(b.known, knownOf(r, r.Certificate))
	}
	b.authority.unrevokedOne, b.authority.revokedOne = all[len(all)-2], all[len(all)-1]
	b.lives = newLives(time.Now(), all)
	b.site.rows = len(all)
	return nil
}
