// Package data has real text messages for examples and tests.
//
// messages.tsv is an extract of 254 messages from the SMS Spam Collection v.1 by
// Tiago A. Almeida and José María Gómez Hidalgo, UCI Machine Learning
// Repository, https://doi.org/10.24432/C5CC84, under the licence CC BY 4.0,
// https://creativecommons.org/licenses/by/4.0/. No message was changed.
package data

import (
	_ "embed"
	"strings"
)

//go:embed messages.tsv
var messages string

// Messages returns the texts of messages.tsv in order.
func Messages() []string {
	var texts []string
	_, rows, _ := strings.Cut(messages, "\n") // the header
	for row := range strings.Lines(rows) {
		_, text, _ := strings.Cut(strings.TrimSuffix(row, "\n"), "\t")
		texts = append(texts, text)
	}
	return texts
}
