package notary

import (
	"fmt"
	"strings"
)

// fieldWords describe the structured fields of events. The other fields need no words: see plain.
var fieldWords = map[string]func(value any) string{"grants": grantsInWords, "trial": trialInWords}

// words returns the text of an event's field.
func words(name string, value any) string {
	if describe := fieldWords[name]; describe != nil {
		if text := describe(value); text != "" {
			return text
		}
	}
	return plain(value)
}

// grantsInWords describes the grants of a token, such as "request.create and request.sign for CA 1 and dns:example.com".
// It returns "" if value is something else.
func grantsInWords(value any) string {
	grants, _ := value.([]any)
	var all []string
	for _, grant := range grants {
		terms, ok := grant.(map[string]any)
		if !ok {
			return ""
		}
		text := enumerate(list("", terms["actions"]), "and")
		var limits []string
		add := func(noun string, value any) {
			if one := list(noun, value); len(one) > 0 {
				limits = append(limits, enumerate(one, "or"))
			}
		}
		add("CA ", terms["authorities"])
		add("profile ", terms["profiles"])
		if names, ok := terms["names"].(map[string]any); ok {
			var listed []string
			for _, kind := range []string{"dns", "ip", "email", "uri"} {
				listed = append(listed, list(kind+":", names[kind])...)
			}
			limits = append(limits, "names "+enumerate(listed, "or"))
		}
		add("owner account ", terms["owners"])
		add("owner group ", terms["owner_groups"])
		if limits != nil {
			text += " only for " + enumerate(limits, "and")
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// list returns the texts of a list's elements, each with the prefix.
func list(prefix string, value any) (texts []string) {
	all, _ := value.([]any)
	for _, one := range all {
		texts = append(texts, prefix+plain(one))
	}
	return texts
}

// enumerate joins texts, such as "a, b and c".
func enumerate(texts []string, conjunction string) string {
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " " + conjunction + " " + texts[n-1]
	}
	return strings.Join(texts, "")
}

// trialInWords describes the result of testing rules. It returns "" if value is something else.
func trialInWords(value any) string {
	trial, ok := value.(map[string]any)
	if !ok || trial["looked"] == nil {
		return ""
	}
	text := fmt.Sprintf("of the last %v requests, %v would be signed, %v held (%v without a matching rule, %v because a rule "+
		"failed) and %v refused; manual decisions that differ: %v", trial["looked"], trial["sign"], trial["hold"],
		trial["unmatched"], trial["failed"], trial["refuse"], trial["differing"])
	var first []string
	differing, _ := trial["first_differing"].([]any)
	for _, one := range differing {
		if d, ok := one.(map[string]any); ok {
			first = append(first, fmt.Sprintf("request %v is %v, and rule %v would %v it", d["request"], d["status"], d["rule"],
				d["effect"]))
		}
	}
	if first != nil {
		text += " (" + strings.Join(first, "; ") + ")"
	}
	return text
}
