package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/problem"
	"github.com/anysms/anysms/cmd/anysms/internal/gateway/settings"
	"github.com/anysms/anysms/provider"
	"github.com/anysms/anysms/router/numbering"
	"github.com/anysms/anysms/router/otp"
)

// verificationRequest asks for a code to be sent.
type verificationRequest struct {
	To     string             `json:"to" example:"+306900000001"`
	Ref    string             `json:"ref,omitempty" maxLength:"255" doc:"your own id: while the code is valid, the same ref sends the same code again"`
	Length *int               `json:"length,omitempty" minimum:"4" maximum:"10" doc:"digits; default 6"`
	TTL    *provider.Duration `json:"ttl,omitempty" doc:"how long the code is valid, 1m to 60m; default 5m" example:"5m"`
	Text   string             `json:"text,omitempty" doc:"with {code} in it" example:"{code} is your code."`
}

type verificationResponse struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
	SendsLeft int       `json:"sends_left" doc:"how often it can be sent once more"`
}

type checkRequest struct {
	Code string `json:"code" doc:"as the person typed it"`
}

type checkResponse struct {
	Valid        bool `json:"valid"`
	AttemptsLeft int  `json:"attempts_left" doc:"wrong codes until the verification ends"`
}

func (a *API) verifications() {
	register[verificationRequest, verificationResponse](a, operation{
		id: "startVerification", method: http.MethodPost, path: "/v1/verifications", tag: "verifications", scope: settings.ScopeSend,
		summary: "Send a one-time code", responses: map[int]string{http.StatusCreated: "The code is on its way"},
	}, a.startVerification)
	register[checkRequest, checkResponse](a, operation{
		id: "checkVerification", method: http.MethodPost, path: "/v1/verifications/{id}/check", tag: "verifications", scope: settings.ScopeSend,
		summary: "Check a code", description: "A code that is wrong, used or expired is not valid; so is every code of an unknown verification.",
		params: []*huma.Param{pathParam("id", "of the verification")}, responses: ok("Whether the code is right"),
	}, a.checkVerification)
}

type namespaceKey struct{}

// NamespaceOf returns the namespace of the client that a code is sent for.
func NamespaceOf(ctx context.Context) string {
	name, _ := ctx.Value(namespaceKey{}).(string)
	return name
}

func (a *API) startVerification(c *call, in *verificationRequest) (reply, error) {
	if !c.client.MaySend(provider.OTP) {
		return reply{}, problem.New(http.StatusForbidden, problem.Forbidden, "the key may not send messages of class otp")
	}
	o, p := verificationOptions(in)
	if p != nil {
		return reply{}, p
	}
	to, _, err := numbering.Parse(in.To, a.Region())
	if err != nil {
		return reply{}, a.refused(err)
	}
	if p := takeRate(c, 1); p != nil {
		return reply{}, p
	}
	if o.Ref != "" { // refs are the client's own
		o.Ref = c.client.Name + "/" + o.Ref
	}
	v, err := a.Codes().Start(context.WithValue(c.Context(), namespaceKey{}, c.client.Name), to, o)
	if err != nil {
		return reply{}, verificationProblem(err)
	}
	return reply{status: http.StatusCreated, body: verificationResponse{v.ID, v.ExpiresAt, v.SendsLeft}}, nil
}

func verificationOptions(in *verificationRequest) (o otp.Options, p *problem.Problem) {
	q := query{}
	o = otp.Options{Ref: in.Ref, Text: in.Text}
	if len(in.Ref) > maxRef {
		q.bad("/ref", "has more than 255 characters")
	}
	if in.Length != nil {
		if o.Length = *in.Length; o.Length < otp.MinLength || o.Length > otp.MaxLength {
			q.bad("/length", "want 4 to 10")
		}
	}
	if in.TTL != nil {
		if o.TTL = in.TTL.Std(); o.TTL < otp.MinTTL || o.TTL > otp.MaxTTL {
			q.bad("/ttl", "want 1m to 60m")
		}
	}
	if len(q.wrong) > 0 {
		return o, problem.Bad(q.wrong...)
	}
	return o, nil
}

// verificationProblem explains why no code was sent.
func verificationProblem(err error) error {
	if errors.Is(err, otp.ErrOtherNumber) {
		return problem.New(http.StatusConflict, problem.Conflict, "the ref belongs to a verification of another number")
	}
	e, ok := errors.AsType[*provider.Error](err)
	if !ok || e.Code != provider.RateLimited {
		return err
	}
	p := problem.New(http.StatusTooManyRequests, problem.RateLimited, "%s", problem.Reason(e))
	p.RetryAfter = e.RetryAfter
	return p
}

func (a *API) checkVerification(c *call, in *checkRequest) (reply, error) {
	checked, err := a.Codes().Check(c.Context(), c.PathValue("id"), in.Code)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: checkResponse{checked.Valid, checked.TriesLeft}}, nil
}
