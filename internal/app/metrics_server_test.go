package app_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/app"
	"notary/internal/app/apptest"
	"notary/internal/config"
	"notary/internal/server"
	"notary/internal/store"
	"notary/internal/testkit"
)

const metricsToken = "0123456789abcdef0123"

func scrape(t *testing.T, url, authorization string) (status int, body string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	testkit.Check(t, err)
	r.Header.Set("Authorization", authorization)
	response, err := transport.RoundTrip(r)
	testkit.Check(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	return response.StatusCode, string(text)
}

// Only a scrape with the token returns counts, activity and process metrics.
func TestMetricsOnTheMainListener(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	url, stop := apptest.Start(t, c)
	status, body := scrape(t, url+"/metrics", "")
	if status != 200 || !strings.Contains(body, "notary_build_info") || strings.Count(body, "# TYPE") != 1 {
		t.Errorf("without a token in the configuration: %d %s", status, body)
	}
	testkit.Check(t, stop())

	c = apptest.Config(t)
	c.MetricsToken = metricsToken
	url, stop = apptest.Start(t, c)
	for _, authorization := range []string{"", "Bearer wrong"} {
		if status, body := scrape(t, url+"/metrics", authorization); status != 401 ||
			strings.Contains(body, "notary_") {
			t.Errorf("%q: %d %s", authorization, status, body)
		}
	}
	status, body = scrape(t, url+"/metrics", "Bearer "+metricsToken)
	for _, want := range []string{`notary_certificate_requests{status="Outstanding"} 0`, "notary_certificates 0\n",
		"notary_certificates_expired 0\n",
		`notary_certificates_expiring{days="30"} 0`, `route="/metrics"`, "go_goroutines"} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%d, want %q in\n%s", status, want, body)
		}
	}
	testkit.Check(t, stop())
	wantRefusedScrapes(t, c, 2)
}

// wantRefusedScrapes checks the event of the calls that a server, stopped since, has refused.
func wantRefusedScrapes(t *testing.T, c *config.Config, count int) {
	t.Helper()
	st, err := store.Open(t.Context(), c.DB, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer st.Close()
	page, err := st.Events(t.Context(), notary.EventQuery{Action: "call.refused", Kind: "call", Limit: 10})
	testkit.Check(t, err)
	want := fmt.Sprintf("Access denied: metrics; count: %d", count)
	if len(page.Items) != 1 || page.Items[0].Sentence() != want || page.Items[0].Address != "127.0.0.1" {
		t.Errorf("the events are %+v, want %s", page.Items, want)
	}
}

// The listener of metrics_listen serves only metrics and requires the token if one is set.
func TestMetricsOnTheirOwnListener(t *testing.T) {
	t.Parallel()
	statistics := func(context.Context) (notary.Statistics, error) { return notary.Statistics{}, nil }
	token := ""
	current := func() string { return token }
	metrics := server.NewMetrics("v1", statistics, quiet)
	s, err := app.NewMetricsServer("127.0.0.1:0", metrics, metrics.Protected(current, func(*http.Request) {}), current,
		quiet)
	testkit.Check(t, err)
	ctx, end := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	defer func() { end(); testkit.Check(t, <-done) }()
	url := "http://" + s.Addr()
	if status, body := scrape(t, url+"/metrics", ""); status != 200 ||
		!strings.Contains(body, "notary_certificates 0\n") {
		t.Errorf("%d %s", status, body)
	}
	for _, path := range []string{"/", "/status", "/api/v1/certificates", "/metrics/"} {
		if status, _ := scrape(t, url+path, ""); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	_, port, err := net.SplitHostPort(s.Addr())
	testkit.Check(t, err)
	for host, want := range map[string]int{"localhost:" + port: 200, "attacker.example:" + port: 403,
		"127.0.0.1.attacker.example": 403} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", url+"/metrics", nil)
		testkit.Check(t, err)
		req.Host = host
		resp, err := http.DefaultClient.Do(req)
		testkit.Check(t, err)
		testkit.Check(t, resp.Body.Close())
		if resp.StatusCode != want {
			t.Errorf("Host %s: %d, want %d", host, resp.StatusCode, want)
		}
	}
	token = metricsToken
	if status, _ := scrape(t, url+"/metrics", ""); status != 401 {
		t.Errorf("without the token: %d", status)
	}
	if status, _ := scrape(t, url+"/metrics", "Bearer "+metricsToken); status != 200 {
		t.Errorf("with the token: %d", status)
	}
}
