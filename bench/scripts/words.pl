# SPDX-License-Identifier: MIT
# Hashes of arrays and strings: words made, counted, joined, split and sorted. The argument is their number.
use strict;
use warnings;

my ($seed, %lines, %count) = (1);
for my $n (1 .. $ARGV[0]) {
	$seed = ($seed * 1103515245 + 12345) % 2147483648;
	my $word = join '', map { chr(97 + int($seed / (7 ** $_)) % 26) } 0 .. 5;
	push @{ $lines{ substr $word, 0, 2 } }, "$word line $n";
	$count{$word}++;
}
my $text = join "\n", map { my $key = $_; map { "$key:$_" } sort @{ $lines{$key} } } sort keys %lines;
my @fields = map { [split /[: ]/] } split /\n/, $text;
s/line/LINE/ for map { $_->[2] } @fields;
printf "%d %d %d %s\n", scalar keys %lines, scalar keys %count, length $text, join ',', @{ $fields[-1] };
