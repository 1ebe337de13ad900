package analysis

import (
	"cmp"
	"slices"

	"github.com/anysms/anysms/provider/e164"
)

// Message is one message of a file with its text, which is private: it is shown
// only on request.
type Message struct {
	Line     int
	To       e164.Number
	Text     string
	Segments int
}

// keepWorst adds m to the list of messages with most segments, at least two. Of
// equal ones those of earlier lines come first; each text is listed once.
func keepWorst(list []Message, m Message, most int) []Message {
	full := len(list) >= most
	if most == 0 || m.Segments < 2 || full && byLength(m, list[len(list)-1]) > 0 {
		return list
	}
	if same := slices.IndexFunc(list, func(o Message) bool { return o.Text == m.Text }); same >= 0 {
		if list[same].Line > m.Line {
			list[same] = m
			slices.SortFunc(list, byLength)
		}
		return list
	}
	if full {
		list = list[:len(list)-1]
	}
	list = append(list, m)
	slices.SortFunc(list, byLength)
	return list
}

func byLength(a, b Message) int {
	return cmp.Or(b.Segments-a.Segments, a.Line-b.Line)
}

// keepFirst adds m to the list of the messages of the first lines.
func keepFirst(list []Message, m Message, most int) []Message {
	if most == 0 || len(list) >= most && m.Line > list[len(list)-1].Line {
		return list
	}
	list = append(list, m)
	slices.SortFunc(list, func(a, b Message) int { return a.Line - b.Line })
	return list[:min(len(list), most)]
}
