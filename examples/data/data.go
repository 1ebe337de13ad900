// Package data has real text messages to try things with.
//
// messages.tsv is an extract of 254 messages from the SMS Spam Collection v.1 by
// Tiago A. Almeida and José María Gómez Hidalgo, UCI Machine Learning
// Repository, https://doi.org/10.24432/C5CC84, under the licence CC BY 4.0,
// https://creativecommons.org/licenses/by/4.0/. Messages were left out, none was
// changed.
package data

import (
	_ "embed"
	"strings"
)

//go:embed messages.tsv
var messages string

// Messages gives the texts of messages.tsv in their order.
func Messages() []string {
	var texts []string
	_, rows, _ := strings.Cut(messages, "\n") // the header
	for row := range strings.Lines(rows) {
		_, text, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
		texts = append(texts, text)
	}
	return texts
}
