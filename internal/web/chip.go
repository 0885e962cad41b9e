package web

import (
	"net/url"

	"notary"
)

// chip is a label that links to the list of the objects with it.
type chip struct{ Text, URL string }

const maxChips = 3 // in a row of a list

// labelled holds the labels that a row of a list shows.
type labelled struct {
	Chips      []chip
	MoreLabels int // number of labels that are not shown
}

func chipsOf(path string, v url.Values, labels notary.Labels) (chips []chip) {
	for _, text := range labels.Texts() {
		chips = append(chips, chip{text, listURL(path, v, "label", text)})
	}
	return chips
}

// label returns the labels for a row. Their links keep the other filters of the list.
func (p filters) label(labels notary.Labels) labelled {
	chips := chipsOf(p.Path, p.query, labels)
	shown := min(len(chips), maxChips)
	return labelled{chips[:shown], len(chips) - shown}
}
