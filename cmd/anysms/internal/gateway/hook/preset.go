package hook

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/anysms/anysms/cmd/anysms/internal/gateway/hook/template"
	"github.com/anysms/anysms/provider"
)

// preset is what is known of a software. The sources are named in the fixtures below
// testdata.
type preset struct {
	name  string
	class provider.Class

	token      bool // the caller can send a token
	signature  func(h http.Header, body []byte, keys [][]byte, now time.Time) bool
	keys       func(secret string) ([][]byte, error)
	secretHint string

	to       string // path of the number; "" = the configuration names the recipients
	digits   bool   // the number may have no plus
	template string
	// identity is what a call and its repeats have in common; nil = the number and
	// the text, within the window.
	identity func(payload map[string]any) ([]string, error)
	window   time.Duration

	reply style
}

// alertText takes the first summary if the alerts have different ones.
const alertText = `{{upper .status}}{{with field . "commonLabels.alertname"}} {{.}}{{end}}` +
	`{{with or (field . "commonAnnotations.summary") (field . "alerts.0.annotations.summary") (field . "title")}}: {{.}}{{end}}` +
	`{{if gt (len .alerts) 1}} ({{len .alerts}} alerts){{end}}`

const codeText = `Your verification code is `

var presets = byName(
	preset{
		name: "supabase", class: provider.OTP,
		signature: standardWebhooks, keys: webhookKeys, secretHint: "the hook's secret, v1,whsec_…, as supabase shows it",
		to: "sms.phone|user.phone", digits: true, template: codeText + `{{.sms.otp}}.`,
		window: time.Minute, reply: supabaseReply,
	},
	preset{
		name: "zitadel", class: provider.OTP,
		signature: zitadelSignature, keys: plainKey, secretHint: "the signing key of the SMS provider, as zitadel returned it",
		to: "contextInfo.recipientPhoneNumber", template: `{{.templateData.text}}`,
		window: 10 * time.Minute, reply: problemReply,
	},
	preset{
		name: "logto", class: provider.OTP, token: true,
		to:       "to",
		template: `{{with field . "payload.code"}}` + codeText + `{{.}}.{{else}}You have been invited: {{.payload.link}}{{end}}`,
		window:   time.Minute, reply: problemReply,
	},
	preset{
		name: "authentik", class: provider.OTP, token: true,
		to: "To", template: `{{with field . "Message"}}{{.}}{{else}}` + codeText + `{{.Body}}.{{end}}`,
		window: time.Minute, reply: textReply,
	},
	preset{
		name: "kratos", class: provider.OTP, token: true,
		to: "recipient|to", template: `{{.body}}`,
		window: 10 * time.Minute, reply: problemReply,
	},
	preset{
		name: "alertmanager", class: provider.Transactional, token: true,
		template: alertText, identity: alertIdentity, reply: problemReply,
	},
	preset{
		name: "grafana", class: provider.Transactional, token: true,
		signature: grafanaSignature, keys: plainKey, secretHint: "the secret of the contact point's HMAC signature",
		template: alertText, identity: alertIdentity, reply: problemReply,
	},
	preset{
		name: "generic", class: provider.Transactional, token: true,
		signature: standardWebhooks, keys: webhookKeys, secretHint: "a secret of Standard Webhooks, whsec_ and base64",
		window: time.Minute, reply: problemReply,
	},
)

func byName(list ...preset) map[string]*preset {
	m := make(map[string]*preset, len(list))
	for _, p := range list {
		m[p.name] = &p
	}
	return m
}

// Presets lists the names of the presets.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// alertIdentity is what Alertmanager and Grafana say a notification is about: the
// group, its status, and the alerts with their beginnings. The values that they
// report change from one notification to the next and do not count.
func alertIdentity(payload map[string]any) ([]string, error) {
	group, status := template.Field(payload, "groupKey"), template.Field(payload, "status")
	if group == "" || status == "" {
		return nil, errors.New("the payload has no groupKey and status: it is not the webhook's standard one")
	}
	id := []string{group, status}
	alerts, _ := payload["alerts"].([]any)
	each := make([]string, 0, len(alerts))
	for _, a := range alerts {
		each = append(each, strings.Join([]string{template.Field(a, "fingerprint"), template.Field(a, "status"), template.Field(a, "startsAt")}, " "))
	}
	slices.Sort(each)
	return append(id, each...), nil
}
