package testkit

import (
	"crypto/rand"
	"strings"
)

// randomLabel is a DNS label that no other test has.
func randomLabel() string { return "t" + strings.ToLower(rand.Text()[:16]) }
