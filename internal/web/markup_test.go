package web_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"notary/internal/testkit"
)

func formOf(t *testing.T, page string) url.Values {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	testkit.Check(t, err)
	largest := url.Values{}
	for node := range root.Descendants() {
		if node.Data != "form" {
			continue
		}
		if values := valuesIn(node); len(values) > len(largest) {
			largest = values
		}
	}
	return largest
}

func valuesIn(form *html.Node) url.Values {
	values := url.Values{}
	for node := range form.Descendants() {
		name := attribute(node, "name")
		switch node.Data {
		case "input":
			box := attribute(node, "type") == "checkbox" || attribute(node, "type") == "radio"
			if !box || has(node, "checked") {
				values.Add(name, attribute(node, "value"))
			}
		case "textarea":
			values.Add(name, strings.TrimPrefix(textOf(node), "\n"))
		case "select":
			for option := range node.Descendants() {
				if option.Data == "option" && (has(option, "selected") || !values.Has(name)) {
					values.Set(name, attribute(option, "value"))
				}
			}
		}
	}
	return values
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(node *html.Node, name string) bool {
	for _, a := range node.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func textOf(node *html.Node) string {
	var b strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}
