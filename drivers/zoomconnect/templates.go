package zoomconnect

import (
	"context"
	"iter"
	"net/http"
	"strconv"
)

// Template is a stored text.
type Template struct {
	TemplateID int64  `json:"templateId"`
	Name       string `json:"name"`
	Data       string `json:"data"` // the text
}

// Templates iterates over all templates. (GET templates/all)
func (c *Client) Templates(ctx context.Context) iter.Seq2[Template, error] {
	return walk[Template](ctx, c, "/templates/all", "webServiceTemplates")
}

// Template returns a template. (GET templates/{templateId})
func (c *Client) Template(ctx context.Context, id int64) (*Template, error) {
	resp, err := c.get(ctx, "/templates/"+strconv.FormatInt(id, 10), nil)
	if err != nil {
		return nil, err
	}
	var t Template
	if err := resp.Decode(&t); err != nil || t.TemplateID != id {
		return nil, resp.Indeterminate(errNotDocumented)
	}
	return &t, nil
}

// DeleteTemplate deletes a template. (DELETE templates/{templateId})
func (c *Client) DeleteTemplate(ctx context.Context, id int64) error {
	return c.act(ctx, http.MethodDelete, "/templates/{}", strconv.FormatInt(id, 10))
}
