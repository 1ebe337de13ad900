package api

import (
	"net/http"

	"github.com/anysms/anysms/cmd/anysms/internal/analysis"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/encoding/gsm7"
	"github.com/anysms/anysms/encoding/segment"
)

// analyseRequest asks how a text is encoded.
type analyseRequest struct {
	Text     string `json:"text"`
	Language string `json:"language,omitempty" doc:"allow the single shift table of this language, such as tr; the shortest encoding wins" example:"tr"`
}

func (a *API) analyses() {
	register[analyseRequest, analysis.Text](a, operation{
		id: "analyse", method: http.MethodPost, path: "/v1/analyse", tag: "texts", scope: settings.ScopeSend,
		summary:   "How a text is encoded, how many segments it needs, and what to write instead",
		responses: ok("The analysis, as of anysms analyse --format json"),
	}, a.analyse)
}

func (a *API) analyse(_ *call, in *analyseRequest) (reply, error) {
	opts := new(segment.Options)
	if in.Language != "" {
		l, err := gsm7.ParseLanguage(in.Language)
		if err != nil {
			return reply{}, problem.Bad(problem.Field{Pointer: "/language", Detail: err.Error()})
		}
		opts.Single |= 1 << l
	}
	t, err := analysis.OfText(in.Text, opts, nil)
	if err != nil {
		return reply{}, problem.Bad(problem.Field{Pointer: "/text", Detail: err.Error()})
	}
	return reply{status: http.StatusOK, body: t}, nil
}
