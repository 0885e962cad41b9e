package notary

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Labels are the key-value pairs that callers attach to a request, such as team=payments. The certificates of the
// request have the same labels.
type Labels map[string]string

// Limits on labels. Lengths are in characters.
const (
	MaxLabels     = 32
	MaxLabelKey   = 63
	MaxLabelValue = 255
)

var labelKey = regexp.MustCompile(`^[a-z][a-z0-9._/-]{0,62}$`)

// IsLabelKey reports whether key is a valid key of a label.
func IsLabelKey(key string) bool { return labelKey.MatchString(key) }

// Check returns an [Invalid] error for the field "labels" unless all labels are valid.
func (l Labels) Check() error {
	if len(l) > MaxLabels {
		return FieldErrorf("labels", "there are %d labels, but at most %d are allowed: remove some", len(l), MaxLabels)
	}
	for _, key := range slices.Sorted(maps.Keys(l)) {
		if err := checkLabel(key, l[key]); err != nil {
			return WithField(err, "labels")
		}
	}
	return nil
}

func checkLabel(key, value string) error {
	unprintable := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	switch {
	case !IsLabelKey(key):
		return Errorf(Invalid, "%.70q cannot be the key of a label: use a letter, then up to %d lower-case letters, digits, "+
			"dots, hyphens, underscores and slashes", key, MaxLabelKey-1)
	case strings.TrimSpace(value) == "":
		return Errorf(Invalid, "the label %s has no value: add one, such as %[1]s=yes", key)
	case utf8.RuneCountInString(value) > MaxLabelValue:
		return Errorf(Invalid, "the value of the label %s has more than %d characters: shorten it", key, MaxLabelValue)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unprintable):
		return Errorf(Invalid, "the value of the label %s has unprintable characters: use plain text", key)
	}
	return nil
}

// ParseLabel splits a label such as "team=payments" or "team:payments" into key and value. Without a separator, all of
// text is the key.
func ParseLabel(text string) (key, value string, err error) {
	text = strings.TrimSpace(text)
	at := strings.IndexAny(text, "=:")
	if at < 0 {
		return text, "", checkLabel(text, "any")
	}
	key, value = text[:at], strings.TrimSpace(text[at+1:])
	return key, value, checkLabel(key, value)
}

// ParseSetLabel parses a label to set, such as "team=payments". It is like [ParseLabel], but requires a value, and refuses
// text that looks like several labels, such as "team=payments, env=prod". Any other comma is part of the value.
func ParseSetLabel(text string) (key, value string, err error) {
	key, value, err = ParseLabel(text)
	switch {
	case err != nil:
		return "", "", err
	case value == "":
		return "", "", Errorf(Invalid, "the label %s has no value: add one, such as %[1]s=yes", key)
	case furtherLabel[text[strings.IndexAny(text, "=:")]].MatchString(value):
		return "", "", Errorf(Invalid, "%.80q looks like several labels: enter each one separately", strings.TrimSpace(text))
	}
	return key, value, nil
}

// furtherLabel finds a second label in a value, by the separator of the first one.
var furtherLabel = map[byte]*regexp.Regexp{
	'=': regexp.MustCompile(`[\s,;][a-z][a-z0-9._/-]{0,62}=`),
	':': regexp.MustCompile(`[\s,;][a-z][a-z0-9._/-]{0,62}:[^\s/]`),
}

// ParseLabels parses labels to set. It refuses two labels with the same key.
func ParseLabels(texts []string) (Labels, error) {
	labels := Labels{}
	for _, text := range texts {
		key, value, err := ParseSetLabel(text)
		if err != nil {
			return nil, err
		}
		if _, twice := labels[key]; twice {
			return nil, Errorf(Invalid, "the label %s is given twice: remove one", key)
		}
		labels[key] = value
	}
	return labels, nil
}

// Merge returns the labels with the changes applied. A nil value removes a label.
func (l Labels) Merge(changes map[string]*string) Labels {
	merged := maps.Clone(l)
	if merged == nil {
		merged = Labels{}
	}
	for key, value := range changes {
		if value == nil {
			delete(merged, key)
		} else {
			merged[key] = *value
		}
	}
	return merged
}

// Texts returns the labels in the form "team=payments", sorted by key.
func (l Labels) Texts() (texts []string) {
	for _, key := range slices.Sorted(maps.Keys(l)) {
		texts = append(texts, key+"="+l[key])
	}
	return texts
}

// Wishes are the profile, authority and expiry that a requester asks for. Zero fields leave the choice to the signer.
type Wishes struct {
	Profile     string
	AuthorityID int64
	NotAfter    time.Time
}

// IsZero reports whether all choices are left to the signer.
func (w Wishes) IsZero() bool { return w.Profile == "" && w.AuthorityID == 0 && w.NotAfter.IsZero() }

// Or returns w with each zero field replaced by the same field of other.
func (w Wishes) Or(other Wishes) Wishes {
	w.Profile, w.AuthorityID = cmp.Or(w.Profile, other.Profile), cmp.Or(w.AuthorityID, other.AuthorityID)
	if w.NotAfter.IsZero() {
		w.NotAfter = other.NotAfter
	}
	return w
}

// Fields returns the nonzero wishes as fields of an event.
func (w Wishes) Fields() Fields {
	all := Fields{}
	if w.Profile != "" {
		all["requested_profile"] = w.Profile
	}
	if w.AuthorityID != 0 {
		all["requested_ca"] = w.AuthorityID
	}
	if !w.NotAfter.IsZero() {
		all["requested_expiry"] = w.NotAfter.UTC().Format(time.RFC3339)
	}
	return all
}
