"""Trial protocols as data: what a file may say, how it is read, and the studies shipped with the tracker."""
