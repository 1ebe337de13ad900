package apifon

import (
	"context"

	"github.com/anysms/anysms/provider"
)

// Group is a question for a list's subscribers; the subgroups are its possible
// answers.
type Group struct {
	Field       string      `json:"field,omitempty"` // its id, assigned by the vendor
	Name        string      `json:"name"`
	Type        GroupType   `json:"type"` // "" = GROUP
	Internal    bool        `json:"internal"`
	Selection   Selection   `json:"selectionType,omitempty"`           // "" = SINGLE
	Orientation Orientation `json:"groupOptionsOrientation,omitempty"` // "" = VERTICAL
	FormHidden  bool        `json:"formHidden,omitempty"`              // reported by the vendor
	Subgroups   []Subgroup  `json:"options,omitempty"`                 // reported by the vendor
}

// Subgroup is one answer of a [Group].
type Subgroup struct {
	Field string `json:"field,omitempty"` // its id, assigned by the vendor
	Name  string `json:"name"`
}

// GroupType is the kind of a group.
type GroupType string

// The group types; only the first can be created.
const (
	PlainGroup GroupType = "GROUP"
	ChipsGroup GroupType = "CHIPS"
)

// Selection is how many answers a subscriber may give.
type Selection string

// The selections.
const (
	SingleSelection   Selection = "SINGLE"
	MultipleSelection Selection = "MULTIPLE"
)

// Orientation is how the answers are laid out on a form.
type Orientation string

// The orientations.
const (
	Vertical     Orientation = "VERTICAL"
	Horizontal   Orientation = "HORIZONTAL"
	DropdownList Orientation = "DROPDOWN_LIST"
)

// request is the part of a group that the vendor accepts.
func (g Group) request() (Group, error) {
	if g.Type == "" {
		g.Type = PlainGroup
	}
	g.Field, g.FormHidden, g.Subgroups = "", false, nil
	if err := need("name", g.Name); err != nil {
		return g, err
	}
	if err := oneOf("type", g.Type, PlainGroup); err != nil {
		return g, err
	}
	if err := oneOf("selectionType", g.Selection, SingleSelection, MultipleSelection); err != nil {
		return g, err
	}
	return g, oneOf("groupOptionsOrientation", g.Orientation, Vertical, Horizontal, DropdownList)
}

// AddGroup adds a group to a list (POST /list/{list_id}/group, scope writeList)
// and returns its id.
func (c *Client) AddGroup(ctx context.Context, listID string, g Group) (field string, err error) {
	if err := need("list_id", listID); err != nil {
		return "", err
	}
	body, err := g.request()
	if err != nil {
		return "", err
	}
	return c.change(ctx, "POST", segments(listPath, listID, "group"), body)
}

// GetGroup reads a group (GET /list/{list_id}/group/{group_field}, scope
// readList).
func (c *Client) GetGroup(ctx context.Context, listID, group string) (*Group, error) {
	if err := need("list_id", listID, "group_field", group); err != nil {
		return nil, err
	}
	var g Group
	if err := c.read(ctx, segments(listPath, listID, "group", group), Read{}, &g); err != nil {
		return nil, err
	}
	return &g, nil
}

// UpdateGroup changes a group (PUT /list/{list_id}/group/{group_field}, scope
// writeList).
func (c *Client) UpdateGroup(ctx context.Context, listID, group string, g Group) error {
	if err := need("list_id", listID, "group_field", group); err != nil {
		return err
	}
	body, err := g.request()
	if err != nil {
		return err
	}
	_, err = c.change(ctx, "PUT", segments(listPath, listID, "group", group), body)
	return err
}

// RemoveGroup removes a group (DELETE /list/{list_id}/group/{group_field},
// scopes writeList and writeSubscriber).
func (c *Client) RemoveGroup(ctx context.Context, listID, group string) error {
	if err := need("list_id", listID, "group_field", group); err != nil {
		return err
	}
	_, err := c.change(ctx, "DELETE", segments(listPath, listID, "group", group), nil)
	return err
}

// AddSubgroup adds an answer to a group (POST
// /list/{list_id}/{group_field}/option, scope writeList) and returns its id.
func (c *Client) AddSubgroup(ctx context.Context, listID, group, name string) (field string, err error) {
	if err := need("list_id", listID, "group_field", group, "name", name); err != nil {
		return "", err
	}
	return c.change(ctx, "POST", segments(listPath, listID, group, "option"), Subgroup{Name: name})
}

// AddSubgroups adds several answers to a group (POST
// /list/{list_id}/{group_field}/options, scope writeList).
func (c *Client) AddSubgroups(ctx context.Context, listID, group string, names ...string) error {
	if err := need("list_id", listID, "group_field", group); err != nil {
		return err
	}
	if len(names) == 0 {
		return fieldError(provider.InvalidMessage, "name", "must not be empty; want at least one")
	}
	for i, name := range names {
		if err := need(at("name", i), name); err != nil {
			return err
		}
	}
	_, err := c.change(ctx, "POST", segments(listPath, listID, group, "options"), map[string][]string{"name": names})
	return err
}

// GetSubgroup reads an answer of a group (GET
// /list/{list_id}/{group_field}/option/{option_field}, scope readList).
func (c *Client) GetSubgroup(ctx context.Context, listID, group, subgroup string) (*Subgroup, error) {
	if err := need("list_id", listID, "group_field", group, "option_field", subgroup); err != nil {
		return nil, err
	}
	var s Subgroup
	if err := c.read(ctx, segments(listPath, listID, group, "option", subgroup), Read{}, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// UpdateSubgroup renames an answer of a group (PUT
// /list/{list_id}/{group_field}/{option_field}, scope writeList).
func (c *Client) UpdateSubgroup(ctx context.Context, listID, group, subgroup, name string) error {
	if err := need("list_id", listID, "group_field", group, "option_field", subgroup, "name", name); err != nil {
		return err
	}
	_, err := c.change(ctx, "PUT", segments(listPath, listID, group, subgroup), Subgroup{Name: name})
	return err
}

// RemoveSubgroup removes an answer of a group (DELETE
// /list/{list_id}/{group_field}/{option_field}, scopes writeList and
// writeSubscriber).
func (c *Client) RemoveSubgroup(ctx context.Context, listID, group, subgroup string) error {
	if err := need("list_id", listID, "group_field", group, "option_field", subgroup); err != nil {
		return err
	}
	_, err := c.change(ctx, "DELETE", segments(listPath, listID, group, subgroup), nil)
	return err
}
