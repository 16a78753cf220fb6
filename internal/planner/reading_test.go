package planner_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/postern/postern/internal/planner"
)

// reading is the answer, or the one that is offered where it is not sure.
func reading(t *testing.T, question string) planner.Answer {
	t.Helper()
	a := planner.New(garden(), values()).Plan(question)
	if !a.Read {
		t.Fatalf("there is no reading: %s %v (%s)", a.Reason, a.Unplaced, a.Trace)
	}
	return a
}

func TestReadingsOfQuestions(t *testing.T) {
	db := open(t)
	for question, want := range map[string][]string{
		"How many plnats are red?":                                                             {"2"},
		"How old is the gardener Ann Reed?":                                                    {"31"},
		"What is the name of the highest plant?":                                               {"ivy"},
		"Which towns have both gardeners older than 50 and gardeners younger than 40?":         {"Oslo"},
		"What are the names of plants with a price higher than the price of all green plants?": {"rose"},
		"What are the names of plants whose price is above that of some red plants?":           {"fern", "ivy", "rose"},
		"What are the names of the colours that have at least 2 plants?":                       {"green", "red"},
		"Show each colour and the number of plants of that colour.":                            {"green 2", "red 2"},
		"What is the average price of the plants of the gardener with the lowest wage?":        {"8.5"},
		"What are the names of the plants that are not watered?":                               {"ivy", "tulip"},
		"What is the average height and price of red plants?":                                  {"60 7.5"},
		"For each plant, show its name and the town of its gardener.":                          {"fern Oslo", "ivy Bergen", "rose Oslo", "tulip Bergen"},
		`What are the names of plants whose colour is "blue"?`:                                 nil,
		"Show the last names of gardeners in the same town as Ann.":                            {"Moe", "Reed"},
		"What is the name of the plant that was watered the most often?":                       {"fern"},
		"How many plants were planted in 2021 or later?":                                       {"3"},
		"How many plants were planted before 2020 or after 2022?":                              {"2"},
		`What is the town of "Ann Reed"?`:                                                      {"Oslo"},
		"List the alphabetically ordered list of all plant names.":                             {"fern", "ivy", "rose", "tulip"},
		"What are the names of plants that have the letter s in their names?":                  {"rose"},
		"Which gardeners have between 1 and 2 plants? Give me the last name.":                  {"Lind", "Reed"},
		"What is the last name of the gardener who earns the most?":                            {"Moe"},
		"What is the average price of plants for different colours?":                           {"6.5 green", "7.5 red"},
		"What are the names of plants that were watered at least twice?":                       {"fern"},
		"Show the last names of all gardeners except for those that have a plant.":             {"Moe"},
		"What are the names of the plants with red as colour?":                                 {"rose", "tulip"},
		"List the last names of gardeners who earn below 150.":                                 {"Reed"},
		"How many red plants are there in this shop?":                                          {"2"},
		"What is Ann Reed's town?":                                                             {"Oslo"},
		"Show the gardeners' last names and towns.":                                            {"Lind Bergen", "Moe Oslo", "Reed Oslo"},
		"What are the names of plants with price above the average price of plants from 2021?": {"ivy", "rose"},
		"What is the full name (first and last name) of the youngest gardener?":                {"Ann Reed"},
		"How many types of plants are there?":                                                  {"4"},
		"How many plants were planted in each year?":                                           {"2019 1", "2021 2", "2023 1"},
		"How many plants were planted by month?":                                               {"2019-05 1", "2021-03 1", "2021-06 1", "2023-01 1"},
		"What is the average price of plants per quarter?":                                     {"2019-Q2 5", "2021-Q1 12", "2021-Q2 3", "2023-Q1 8"},
		"How many plants were planted in March 2021?":                                          {"1"},
		"Which plants were planted after March 2021? Give me their names.":                     {"ivy", "tulip"},
		"What share of plants are red?":                                                        {"0.5"},
		"What percentage of plants cost more than 10?":                                         {"25"},
		"Which year had the most plants?":                                                      {"2021"},
		"What is the highest price of all red plants?":                                         {"12"},
		"What are the highest, lowest and average price of plants?":                            {"12 3 7"},
		"What are the highest price and the lowest height of plants?":                          {"12 30"},
		"Which plant names contain the word 'ose'?":                                            {"rose"},
		"What are the names of plants with price larger than or equal to 8?":                   {"ivy", "rose"},
		"How many plants were planted in either 2019 or 2023?":                                 {"2"},
		"What is the total price of plants whose colour is red and green?":                     {"28"},
		"What are the names of plants that do no not have the colour red?":                     {"fern", "ivy"},
		"When was the ivy planted?":                                                            {"2023-01-01"},
		"Find the number and average price of red plants.":                                     {"2 7.5"},
		"List every plant ordered by price.":                                                   {"fern", "ivy", "rose", "tulip"},
		"Show all plant colours and the number of plants of each colour ordered by the count.": {"green 2", "red 2"},
		"Which towns have no gardeners older than 50?":                                         {"Bergen"},
		"What are the last names of gardeners from the most common town?":                      {"Moe", "Reed"},
		"What is the town with the most people?":                                               {"Oslo"},
		"What are the last names of gardeners with plants planted in both 2019 and 2021?":      {"Reed"},
		"How many plants have a height greater than the plant with the highest price?":         {"1"},
		"What are the names of plants with a higher price than the plant named ivy?":           {"rose"},
		"Show the towns where a gardener above age 50 and a gardener below 40 live.":           {"Oslo"},
		"What are the colours having at least one plant? List the colour.":                     {"green", "green", "red", "red"},
		"What is the lowest price and its plant name?":                                         {"3 tulip"},
		"List the price of each plant, together with the town of its gardener.":                {"12 Oslo", "3 Bergen", "5 Oslo", "8 Bergen"},
		"Show all plant colours that have no watering.":                                        nil,
		"plants per year": {"2019 1", "2021 2", "2023 1"},
		"What are the last names of gardeners who are under 40?":                        {"Reed"},
		"What are the last names of gardeners with at least 2 plants or older than 50?": {"Lind", "Moe", "Reed"},
		"What are the names of plants that are red from 2021 or green from 2019?":       {"fern", "rose", "tulip"},
		"What is the colour that is most common?":                                       {"red"},
		"List all information about each watering.":                                     {"1 1 2", "2 1 1", "3 2 4"},
	} {
		t.Run(question, func(t *testing.T) {
			a := reading(t, question)
			got := rows(t, db, a)
			sortBoth(got, want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s(%s)", diff, a.Trace)
			}
		})
	}
}
