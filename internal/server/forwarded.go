package server

import "strings"

// parseForwarded returns the "for" parameter of every element in a Forwarded header (RFC 7239, section 4), or "" where
// it is absent. It returns false if the header is malformed.
func parseForwarded(header string) (nodes []string, ok bool) {
	p := forwardedParser{rest: header}
	for {
		node, ok := p.element()
		if !ok {
			return nil, false
		}
		nodes = append(nodes, node)
		if p.rest == "" {
			return nodes, true
		}
		if !p.skip(',') {
			return nil, false
		}
	}
}

type forwardedParser struct{ rest string }

func (p *forwardedParser) element() (node string, ok bool) {
	seen := map[string]bool{}
	for {
		p.spaces()
		name := strings.ToLower(p.token())
		if name == "" || seen[name] || !p.skip('=') {
			return "", false
		}
		seen[name] = true
		value, ok := p.value()
		if !ok {
			return "", false
		}
		if name == "for" {
			node = value
		}
		p.spaces()
		if !p.skip(';') {
			return node, true
		}
	}
}

// value parses a token or a quoted string (RFC 9110, section 5.6).
func (p *forwardedParser) value() (string, bool) {
	if !p.skip('"') {
		token := p.token()
		return token, token != ""
	}
	var value strings.Builder
	for i := 0; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '"':
			p.rest = p.rest[i+1:]
			return value.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			c = p.rest[i]
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", false
		}
		value.WriteByte(c)
	}
	return "", false
}

func (p *forwardedParser) token() string {
	end := 0
	for end < len(p.rest) && isTokenByte(p.rest[end]) {
		end++
	}
	token := p.rest[:end]
	p.rest = p.rest[end:]
	return token
}

func (p *forwardedParser) spaces() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *forwardedParser) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// isTokenByte reports whether c is a tchar (RFC 9110, section 5.6.2).
func isTokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
