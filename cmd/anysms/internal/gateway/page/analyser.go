package page

import (
	"net/http"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/encoding/segment"
)

// analyserView is the view of the text analyser.
type analyserView struct {
	Text   string
	Result *analysis.Text // nil = nothing was typed
	Wrong  string
	Boxes  []box
}

// box is one segment.
type box struct {
	Number, Units, Room int
	Text                string
}

func (p *Page) showAnalyser(v *visit) {
	p.show(v, http.StatusOK, "analyser", "Text analyser", new(analyserView).html(v))
}

func (p *Page) analyse(v *visit) {
	// A form sends line ends as CR LF, whatever was typed.
	view := analyserView{Text: strings.ReplaceAll(v.PostFormValue("text"), "\r\n", "\n")}
	if view.Text == "" {
		p.show(v, http.StatusOK, "analyser", "Text analyser", view.html(v))
		return
	}
	t, err := analysis.OfText(view.Text, new(segment.Options), nil)
	if err != nil {
		view.Wrong = "The text is not valid UTF-8."
		p.show(v, http.StatusBadRequest, "analyser", "Text analyser", view.html(v))
		return
	}
	view.Result = t
	for i, s := range t.Parts {
		view.Boxes = append(view.Boxes, box{i + 1, s.Units, t.UnitsPerSegment, s.Text})
	}
	p.show(v, http.StatusOK, "analyser", "Text analyser", view.html(v))
}
