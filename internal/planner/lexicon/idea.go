package lexicon

import "strings"

// Ideas are what an adjective measures, as words of column names to look for
// in turn; a leading minus turns the direction round (the oldest person was
// born first).
var Ideas = ideas(`age: age -birth -born -birthdate -founded -opened -built -established -year -date
time: date year time -age day month
length: length duration runtime distance minutes time height
height: height
weight: weight
price: price cost fee rate amount
speed: speed velocity mph
area: area size
pay: salary wage pay
population: population
capacity: capacity
rating: rating score rank grade
distance: distance mileage
high: height elevation altitude
big: area size population capacity enrollment`)

// Near are words that mean the same in most schemas, each way round.
var near = nearWords(`gender sex
nationality country citizenship
country nation
price cost
phone telephone cellphone
location place
salary wage pay
surname lastname
birthdate birthday dob
employee staff worker
title name
identifier id
picture photo
film movie
occupation job profession
job position
kind type
type category
capacity size
teacher instructor
lecturer professor
customer client
company firm
city town
homepage website
rating score
score point
duration length
purchase order
physician doctor
movie film
author writer
car vehicle
automobile car
college university
course class
mail email
quantity amount
area region
spouse partner
role position
street road
state province
zip postal
start begin
store shop
airplane plane
plane aircraft
pupil student
description detail
population inhabitant
club society
goal aim
`)

// Near gives the words that often stand for the given lemma in names.
func Near(lemma string) []string { return near[lemma] }

var loose = nearWords(looseText)

// Loose gives words of which the given one may be another name where nothing
// is nearer.
func Loose(lemma string) []string { return loose[lemma] }

func ideas(text string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(text) {
		if name, words, ok := strings.Cut(line, ":"); ok {
			m[name] = strings.Fields(words)
		}
	}
	return m
}

func nearWords(text string) map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, a := range words {
			for _, b := range words {
				if a != b {
					m[a] = append(m[a], b)
				}
			}
		}
	}
	return m
}

// Genders and truths are values that schemas shorten.
var shortValues = map[string][]string{
	"female": {"f", "female", "woman"}, "male": {"m", "male", "man"}, "woman": {"f", "female"}, "man": {"m", "male"},
	"girl": {"f", "female"}, "boy": {"m", "male"},
}

// ShortValues gives how a value's word may be stored: female, F.
func ShortValues(lemma string) []string { return shortValues[lemma] }
