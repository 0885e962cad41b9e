package ca

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"notary"
	"notary/internal/pki"
)

// RecordedName normalises a name: a host name to lower case and A-labels (RFC 5890), an IP address to its shortest
// form. It only trims other text.
func RecordedName(text string) string {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.WithZone("").Unmap().String()
	}
	host := strings.TrimSuffix(text, ".")
	if !isASCII(host) && strings.Contains(host, ".") {
		host = withALabels(host)
	}
	names, err := pki.ParseNames([]string{host})
	if err != nil || len(names.DNS) != 1 {
		return text
	}
	return names.DNS[0]
}

// RecordedDomain normalises a domain and removes a leading dot or wildcard.
func RecordedDomain(text string) (string, error) {
	domain := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "*"), ".")
	domain = withALabels(strings.ToLower(strings.TrimSuffix(domain, ".")))
	_, err := netip.ParseAddr(domain)
	if domain == "" || err == nil || strings.ContainsAny(domain, " \t\n@/:*=") {
		return "", notary.FieldErrorf("domain", "%.60q is not a domain: use one such as example.com, which includes "+
			"its subdomains", text)
	}
	return domain, nil
}

// RecordedLabels normalises the labels of a filter. Each is a key, or a key and a value separated by ":" or "=".
func RecordedLabels(texts []string) (labels []string, err error) {
	for _, text := range texts {
		key, value, err := notary.ParseLabel(strings.ToLower(text))
		if err != nil {
			return nil, notary.WithField(err, "label")
		}
		if value != "" {
			key += ":" + value
		}
		labels = append(labels, key)
	}
	return labels, nil
}

// RecordedSerial normalises a serial number in hexadecimal, with or without colons.
func RecordedSerial(text string) (string, error) {
	digits := strings.ReplaceAll(strings.TrimSpace(text), ":", "")
	n, ok := new(big.Int).SetString(digits, 16)
	if !ok || strings.HasPrefix(digits, "+") || len(digits) > maxFilterText {
		return "", notary.FieldErrorf("serial_number", "%.60q is not a serial number: use hexadecimal digits, with "+
			"or without colons", text)
	}
	return pki.SerialString(n), nil
}

func withALabels(host string) string {
	below, wildcard := strings.CutPrefix(host, "*.")
	ascii, err := idna.Lookup.ToASCII(below)
	switch {
	case err != nil || isASCII(host):
		return host
	case wildcard:
		return "*." + ascii
	default:
		return ascii
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// RecordedFingerprint normalises a SHA-256 fingerprint in hexadecimal, with or without colons.
func RecordedFingerprint(text string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
	if octets, err := hex.DecodeString(digits); err != nil || len(octets) != 32 {
		return "", notary.FieldErrorf("fingerprint", "%.80q is not a SHA-256 fingerprint: use 64 hexadecimal digits, "+
			"with or without colons", text)
	}
	return digits, nil
}

// Moment parses an optional time (RFC 3339). For "" it returns the zero [time.Time]. It moves a time that equals the
// zero time by a second, so that the time does not count as missing.
func Moment(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, notary.FieldErrorf(field, "%s must be a time such as 2027-01-31T12:00:00Z (RFC 3339)", field)
	}
	if t.IsZero() {
		t = t.Add(time.Second)
	}
	return t, nil
}

// Window parses the length of an expiry window: a period such as 30d, or a number of days. For "" it returns 0.
func Window(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	if _, err := strconv.Atoi(text); err == nil {
		text += "d"
	}
	within, ok := notary.ParsePeriod(text)
	if !ok || within <= 0 || within > notary.MaxWindow {
		return 0, notary.FieldErrorf(field, "%s must be a number of days, or a period such as 30d or 12h", field)
	}
	return within, nil
}

// RecordedKey normalises a key type to the recorded form. It also accepts key algorithms of authorities, such as
// "rsa-2048".
func RecordedKey(text string) string {
	compact := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(strings.ToLower(text))
	if bits, ok := strings.CutPrefix(compact, "rsa"); ok {
		return "RSA " + bits
	}
	if curve, ok := strings.CutPrefix(compact, "ecdsap"); ok {
		return "ECDSA P-" + curve
	}
	if compact == "ed25519" {
		return "Ed25519"
	}
	return strings.TrimSpace(text)
}

// labelWord is a search word for a label, such as label=team:payments or label=team:"data science".
var labelWord = regexp.MustCompile(`(?i)(^|\s)label=((?:[^\s"]|"[^"]*")*)`)

// ReadSearch adds the words of a search to a filter. A word such as label=team:payments becomes a filter by label.
func ReadSearch(f *notary.Filter, text string) error {
	var texts []string
	for _, match := range labelWord.FindAllStringSubmatch(text, -1) {
		texts = append(texts, strings.ReplaceAll(match[2], `"`, ""))
	}
	labels, err := RecordedLabels(texts)
	if err != nil {
		return notary.MapField(err, func(string) string { return "q" })
	}
	f.Labels = append(f.Labels, labels...)
	f.Search = append(f.Search, SearchWords(labelWord.ReplaceAllString(text, " "))...)
	return nil
}

// SearchWords returns the normalised words of a search.
func SearchWords(text string) (words []string) {
	for _, word := range strings.Fields(text) {
		words = append(words, recordedWord(word))
	}
	return words
}

// recordedWord normalises a word of a search. Hexadecimal digits with more colons than in an IPv6 address are a serial
// number or fingerprint.
func recordedWord(word string) string {
	const groupsOfIPv6 = 8
	if groups := strings.Split(word, ":"); len(groups) > groupsOfIPv6 {
		digits := strings.ToLower(strings.Join(groups, ""))
		if octets, err := hex.DecodeString(digits); err == nil {
			if len(octets) != sha256.Size && octets[0] == 0 { // the sign octet of a serial number
				digits = digits[2:]
			}
			return digits
		}
	}
	if label, err := RecordedLabels([]string{word}); err == nil && strings.Contains(word, "=") {
		return label[0]
	}
	return RecordedName(word)
}
