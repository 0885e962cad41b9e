package testkit

import (
	"crypto/rand"
	"strings"
)

func randomLabel() string { return "t" + strings.ToLower(rand.Text()[:16]) }
