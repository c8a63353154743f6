"""The community team's work after registering: visits, classes, who covers which hamlet, back-checks, signs."""
