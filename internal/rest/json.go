package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxContainers is the maximum number of objects and arrays in a body. Huma decodes them to up to forty times the size
// of their text.
const maxContainers = 10_000

// checkStructure limits the number of containers and rejects duplicate fields: encoding/json would use the last value,
// but other programs may use the first (RFC 8259, section 4). It does not check the syntax.
func checkStructure(data []byte) error {
	containers := 0
	var open []map[string]bool // fields of each open object so far; nil for an array
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			n := stringLength(data[i:])
			if err := addField(open, data[i:i+n], data[i+n:]); err != nil {
				return err
			}
			i += n - 1
		case '{', '[':
			if containers++; containers > maxContainers {
				return fmt.Errorf("%s has more than %d JSON objects and arrays: split it into several calls", theBody,
					maxContainers)
			}
			open = append(open, nil)
			if data[i] == '{' {
				open[len(open)-1] = map[string]bool{}
			}
		case '}', ']':
			open = open[:max(len(open)-1, 0)]
		}
	}
	return nil
}

// addField records a string as a field name of the innermost object if it is followed by a colon. It returns an error
// if the object already has that field.
func addField(open []map[string]bool, text, rest []byte) error {
	if len(open) == 0 || !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":")) {
		return nil
	}
	name, fields := string(bytes.Trim(text, `"`)), open[len(open)-1]
	if fields == nil {
		return nil
	}
	if bytes.ContainsRune(text, '\\') && json.Unmarshal(text, &name) != nil {
		return nil // not JSON
	}
	if fields[name] {
		return fmt.Errorf("%s has the field %.60q twice: remove one", theBody, name)
	}
	fields[name] = true
	return nil
}

// emptyAsNull replaces empty strings that are values of object fields with null. It returns invalid JSON unchanged.
func emptyAsNull(data []byte) []byte {
	if !bytes.Contains(data, []byte(`""`)) || !json.Valid(data) {
		return data
	}
	replaced := make([]byte, 0, len(data)+len(data)/2)
	var last byte // first byte of the last token that is not white space
	for i := 0; i < len(data); {
		length := 1
		if data[i] == '"' {
			length = stringLength(data[i:])
		}
		token := data[i : i+length]
		i += length
		if last == ':' && string(token) == `""` {
			token = []byte("null")
		}
		replaced = append(replaced, token...)
		if first := token[0]; !bytes.ContainsRune([]byte(" \t\r\n"), rune(first)) {
			last = first
		}
	}
	return replaced
}

func stringLength(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
