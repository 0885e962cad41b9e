package cli

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

const (
	defaultWait = time.Hour       // value of a bare --wait
	longestCall = time.Minute     // maximum time that the server waits in one call
	retryPause  = 5 * time.Second // if the server returns early, because it is stopping or too many calls wait
)

func registerWait(c *cobra.Command, wait *time.Duration) {
	c.Flags().DurationVar(wait, "wait", 0, "wait up to this `duration` for approval")
	c.Flags().Lookup("wait").NoOptDefVal = defaultWait.String()
}

// noWaitArgument rejects arguments. For a duration after --wait, the error explains that this needs an equals sign,
// because the value of --wait is optional.
func noWaitArgument(c *cobra.Command, args []string) error {
	if len(args) == 1 && c.Flags().Changed("wait") {
		if _, err := time.ParseDuration(args[0]); err == nil {
			return usagef("write --wait=%s, with an equals sign", args[0])
		}
	}
	return cobra.NoArgs(c, args)
}

// issueAndWait repeats the call until the request is decided or the wait is over. The idempotency key makes each call
// return the state of the same request. Once the request is recorded, calls are also repeated if the server is
// unavailable.
func (p *program) issueAndWait(ctx context.Context, c *client.Client, body api.IssueCertificate,
	wait time.Duration) (api.Issued, error) {
	if wait <= 0 {
		return c.IssueCertificate(ctx, body, 0, "")
	}
	key, end := rand.Text(), time.Now().Add(wait)
	last, err := c.IssueCertificate(ctx, body, 0, key)
	if err != nil || last.CertificateChain != "" {
		return last, err
	}
	p.notice("request %d is pending approval: waiting up to %s", last.CertificateRequestID, wait)
	for {
		begin := time.Now()
		left := max(min(end.Sub(begin).Round(time.Second), longestCall), time.Second)
		issued, err := c.IssueCertificate(ctx, body, left, key)
		switch {
		case err == nil:
			last = issued
		case ctx.Err() == nil && notary.KindOf(err) != notary.Unavailable:
			return issued, err
		}
		if last.CertificateChain != "" || time.Now().After(end) || ctx.Err() != nil {
			return last, nil
		}
		if time.Since(begin) < left/2 {
			pause(ctx, retryPause)
		}
	}
}

func pause(ctx context.Context, long time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(long):
	}
}
