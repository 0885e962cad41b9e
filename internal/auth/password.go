package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"notary"
)

// The cost of hashing a password: argon2id with 19 MiB, two passes and one lane, OWASP's minimum.
const (
	argonMemory = 19 * 1024 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonSalt   = 16 // bytes
	argonKey    = 32 // bytes
)

const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
	// minEntropy is the required strength in bits: about a million guesses for an attacker who first tries known
	// passwords, names, dates and keyboard patterns.
	minEntropy = 20
	// maxJudged is the maximum number of characters evaluated; the cost is quadratic.
	maxJudged = 64
)

func newPassword(ctx context.Context, hashing *hashQueue, password, email string) (string, error) {
	if err := checkPassword(password, email); err != nil {
		return "", err
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)                                // never fails
	release, err := hashing.acquire(ctx, "", true) // known: the caller may set passwords
	if err != nil {
		return "", err
	}
	defer release()
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(key)), nil
}

func checkPassword(password, email string) error {
	refuse := func(format string, args ...any) error { return notary.FieldErrorf("password", format, args...) }
	if !utf8.ValidString(password) {
		return refuse("the password is not valid UTF-8")
	}
	if utf8.RuneCountInString(password) < minPassword {
		return refuse("the password must have at least %d characters", minPassword)
	}
	if len(password) > maxPassword {
		return refuse("the password must have at most %d bytes", maxPassword)
	}
	if strings.EqualFold(password, email) {
		return refuse("the password must not be the email address")
	}
	if entropy(password, email) < minEntropy {
		return refuse("this password is easy to guess: choose a less common one, " +
			"such as four unrelated words")
	}
	return nil
}

// keyboardWalks are common passwords that alternate between keyboard rows, which the other patterns miss.
var keyboardWalks = []string{"1q2w3e4r5t6y", "1q2w3e4r5t", "q1w2e3r4t5y6", "1qaz2wsx3edc", "1qazxsw23edc",
	"zaq12wsxcde3", "zaq1xsw2cde3", "qazwsxedcrfv"}

// decoy is the hash verified if an account does not exist, so that the check takes the same time. No password matches
// it.
var decoy = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSalt)),
	base64.RawStdEncoding.EncodeToString(make([]byte, argonKey)))

// verifyPassword reports whether the password matches the hash. An empty hash never matches, but takes the same time.
// The caller must hold a slot of the [hashQueue].
func verifyPassword(hash, password string) (bool, error) {
	if len(password) > maxPassword {
		password = "" // no account has an empty password
	}
	if hash == "" {
		hash = decoy
	}
	var (
		version, passes, memory int
		lanes                   uint8
		rest                    string
	)
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes,
		&rest); err != nil {
		return false, notary.InternalError("read the password's hash", err)
	}
	saltText, keyText, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(saltText)
	if err != nil {
		return false, notary.InternalError("read the password's salt", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(keyText)
	if err != nil {
		return false, notary.InternalError("read the password's hash", err)
	}
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), lanes, argonKey)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
