package main

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"notary/internal/testkit"
)

// One GET costs the same with 100 requests in the database and with 100,000.
func BenchmarkGetRequest(b *testing.B) {
	for _, rows := range []int{100, 100_000} {
		l := filledServer(b, rows)
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := l.client.CertificateRequest(b.Context(), 1+rand.Int64N(int64(rows))); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// Submitting and signing over HTTPS, everything switched on.
func BenchmarkCreateAndSign(b *testing.B) {
	l := filledServer(b, 1)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.create(b.Context())
			l.do(b.Context(), sign)
		}
	})
	if len(l.failures) > 0 {
		b.Error(l.failures[0])
	}
}

// filledServer serves a database with so many signed requests.
func filledServer(b *testing.B, rows int) *load {
	b.Helper()
	c := localConfig(b)
	url, stop := startServer(b, c)
	l := prepare(b, connect(b, url))
	sample := l.sample(b)
	testkit.Check(b, stop())
	fill(b, c.db, sample, rows-1)
	url, _ = startServer(b, c)
	l.client = connect(b, url).WithToken(l.client.Token())
	return l
}
